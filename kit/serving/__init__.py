"""Serving: a server that speaks TensorFlow Serving's own protocol, for notebooks, tests and small deployments."""
