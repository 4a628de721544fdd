"""Metrics that TFMA has not, as formulas on arrays and as TFMA's metrics, and the bands that slices are made of."""
