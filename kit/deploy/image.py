"""What the images of `kit deploy docker` are like inside, for whatever writes manifests that run them."""

from __future__ import annotations

USER = 65_532  # nobody's, and not root's
WORKSPACE = "/workspace"  # the only place that a batch writes to, beside /tmp
