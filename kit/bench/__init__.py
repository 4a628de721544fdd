"""`kit bench`: measure the goals that the kit is built for, against stock TFX in the same run."""
