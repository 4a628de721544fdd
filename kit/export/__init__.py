"""The chain for other orchestrators."""
