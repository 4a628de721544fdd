"""A training in several processes: who they are, what each does, and a cluster of them on this machine."""
