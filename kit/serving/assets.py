"""Where a SavedModel carries what is for its servers and not part of the model."""

from __future__ import annotations

from pathlib import Path

EXTRA = Path("assets.extra")
WARMUP_FILE = EXTRA / "tf_serving_warmup_requests"
"""The requests that TensorFlow Serving, too, warms a version up with."""
