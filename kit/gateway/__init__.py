"""The gateway: Envoy in front of a model server, for authentication, limits, refusals and an access log."""
