"""Monitoring: the prediction log, late labels, drift, live quality, and the decision to retrain."""
