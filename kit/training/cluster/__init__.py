"""Distributed training: who is in the cluster, what each process does, and a cluster on this machine."""
