"""gRPC: PredictionService and ModelService of TensorFlow Serving, the standard health service, and reflection."""

from kit.serving.grpc_api.server import GrpcServer

__all__ = ["GrpcServer"]
