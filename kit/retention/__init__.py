"""Retention: what a workspace keeps (what blessed or served models need, and what is recent), and deleting the rest."""
