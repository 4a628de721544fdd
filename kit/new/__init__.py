"""`kit new`: create a project by looking at the data that it is for. Never imports TensorFlow."""

from kit.new.create import Created, create

__all__ = ["Created", "create"]
