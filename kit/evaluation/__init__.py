"""Evaluation: metrics and gates as TFMA's configuration, the baseline, the verdict."""
