"""`kit bench`: measure the goals that the kit is built for, compared with stock TFX in the same run."""
