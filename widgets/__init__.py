"""Views for the notebooks: they show plain values, and know nothing of TFX."""
