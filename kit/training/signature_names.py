"""The names of a model's signatures and outputs, which whoever saves, asks or judges a model shares."""

from __future__ import annotations

EXAMPLES = "examples"
"""Takes serialized tf.Examples in an input of this name, and gives scores."""
TRANSFORM = "transform_features"
"""Takes the same, and gives the features as Transform makes them."""
SCORE, PROBABILITIES = "score", "probabilities"
