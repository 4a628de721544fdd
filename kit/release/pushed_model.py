"""The properties that TFX's Pusher gives a PushedModel."""

from __future__ import annotations

DESTINATION, VERSION = "pushed_destination", "pushed_version"
