"""What a model answered and what became true: the prediction log, late labels, drift, live quality, the decision."""
