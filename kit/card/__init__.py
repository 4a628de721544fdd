"""Model cards: what the users of a model need to know who did not train it."""
