"""Audit packs: everything that accounts for a pushed model in one signed file, and the offline verification of it."""
