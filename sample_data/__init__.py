"""E-commerce impressions with known click probabilities: the sample of the notebooks, and as much more as is wanted."""

from sample_data.best import auc, best_auc
from sample_data.faults import FAULTS, Fault
from sample_data.generator import Config, Generator, SampleDataError, write_span

__all__ = ["FAULTS", "Config", "Fault", "Generator", "SampleDataError", "auc", "best_auc", "write_span"]
