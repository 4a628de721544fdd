"""A pushed model with all that speaks for it in one signed file, and the check of such a file far from here."""
