"""`kit bench`: measure the goals that the kit is built for, against stock TFX in the same run."""

from kit.bench.run import main

__all__ = ["main"]
