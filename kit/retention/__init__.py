"""Retention: what a workspace keeps (what blessed or served models need, what is young), and deleting the rest."""
