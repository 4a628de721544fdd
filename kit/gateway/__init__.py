"""The gateway: Envoy in front of a server of models. It asks who calls, counts, bounds, refuses and writes down."""
