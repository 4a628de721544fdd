"""Runs one TFX component: driver and publisher in the notebook's kernel, the executor in a process of its own."""
