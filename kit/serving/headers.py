"""The headers that servers, their clients and the gateway agree on."""

from __future__ import annotations

REQUEST_ID = "x-request-id"
VERSION_HEADER = "x-model-version"
"""Names the version that gave an answer: a header of REST, a trailer of gRPC."""
SUBJECT_HEADER = "x-subject"
"""Names who asks. The gateway sets it from the token."""
MODELS_HEADER = "x-allowed-models"
"""Names, between commas, the models that a request may ask. A gateway sets it: with gRPC it cannot see which one is."""
