"""`kit new`: a project for data that the kit has never seen, by looking at them. Never imports TensorFlow."""

from kit.new.create import Created, create

__all__ = ["Created", "create"]
