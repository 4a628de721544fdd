"""Model cards: what users of a model who did not train it need to know."""
