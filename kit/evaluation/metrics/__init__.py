"""Metrics that TFMA lacks, as array formulas and as TFMA metrics, and the numeric bands that slices use."""
