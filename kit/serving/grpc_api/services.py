"""The descriptions of TensorFlow Serving's services, which reflection shows to clients such as grpcurl.

tensorflow-serving-api has them in prediction_service_pb2 and model_service_pb2, but these two modules were made by a
compiler of 2018 and cannot be imported with today's protobuf ("attribute 'has_options' … is not writable"). The stubs
and all messages are in other modules and do work. To be removed when the package is made anew.
"""

from __future__ import annotations

from google.protobuf import descriptor_pb2, descriptor_pool
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

_PACKAGE = "tensorflow.serving"
PREDICTION, MODEL = f"{_PACKAGE}.PredictionService", f"{_PACKAGE}.ModelService"
_FOLDER = "tensorflow_serving/apis"
_FILES = {
    f"{_FOLDER}/prediction_service.proto": (
        "PredictionService",
        (classification_pb2, get_model_metadata_pb2, inference_pb2, predict_pb2, regression_pb2),
        (
            ("Classify", "Classification"),
            ("Regress", "Regression"),
            ("Predict", "Predict"),
            ("MultiInference", "MultiInference"),
            ("GetModelMetadata", "GetModelMetadata"),
        ),
    ),
    f"{_FOLDER}/model_service.proto": (
        "ModelService",
        (get_model_status_pb2, model_management_pb2),
        (("GetModelStatus", "GetModelStatus"), ("HandleReloadConfigRequest", "ReloadConfig")),
    ),
}


def describe_services() -> tuple[str, str]:
    """Make sure that protobuf's pool describes both services; return their full names."""
    pool = descriptor_pool.Default()
    for name, (service, modules, methods) in _FILES.items():
        try:
            pool.FindFileByName(name)
        except KeyError:
            file = descriptor_pb2.FileDescriptorProto(name=name, package=_PACKAGE, syntax="proto3")
            file.options.cc_enable_arenas = True
            file.dependency.extend(module.DESCRIPTOR.name for module in modules)
            described = file.service.add(name=service)
            for method, message in methods:
                types = {kind: f".{_PACKAGE}.{message}{kind}" for kind in ("Request", "Response")}
                described.method.add(name=method, input_type=types["Request"], output_type=types["Response"])
            pool.AddSerializedFile(file.SerializeToString())
    return PREDICTION, MODEL
