"""A small client for notebooks: plain values in and out, by gRPC or REST, for any server that speaks the protocol."""

from kit.serving.client.client import Client, Prediction
from kit.serving.client.transports import NoAnswerError

__all__ = ["Client", "NoAnswerError", "Prediction"]
