"""Model cards: what somebody has to know who uses a model that others trained."""
