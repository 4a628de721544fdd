"""Facts about the inside of `kit deploy docker`'s images, for the manifests that run them."""

from __future__ import annotations

USER = 65_532  # an unused user id, not root's
WORKSPACE = "/workspace"  # the only place that a batch writes to, beside /tmp
