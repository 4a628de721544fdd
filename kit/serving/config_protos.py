"""Messages of TensorFlow Serving's configuration files that its Python package leaves out.

The files are protobuf's text format, so they need descriptors; these have the names and numbers of TensorFlow
Serving's own tensorflow_serving/config/monitoring_config.proto and
tensorflow_serving/servables/tensorflow/session_bundle_config.proto. They stand in a pool of their own, so that they do
not clash with a package that brings the real ones.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "tensorflow.serving"
_FILE = "kit/serving/config.proto"
_INT64 = ".google.protobuf.Int64Value"
_TYPES = {"bool": _FIELD.TYPE_BOOL, "string": _FIELD.TYPE_STRING, "int64": _FIELD.TYPE_INT64}
# (name, number, type); a type that begins with a dot is a message, and one that ends with [] is repeated.
_MESSAGES = {
    "PrometheusConfig": (("enable", 1, "bool"), ("path", 2, "string")),
    "MonitoringConfig": (("prometheus_config", 1, f".{_PACKAGE}.PrometheusConfig"),),
    "BatchingParameters": (
        ("max_batch_size", 1, _INT64),
        ("batch_timeout_micros", 2, _INT64),
        ("max_enqueued_batches", 3, _INT64),
        ("num_batch_threads", 4, _INT64),
        ("thread_pool_name", 5, ".google.protobuf.StringValue"),
        ("allowed_batch_sizes", 6, "int64[]"),
        ("pad_variable_length_inputs", 7, "bool"),
        ("enable_large_batch_splitting", 8, ".google.protobuf.BoolValue"),
        ("max_execution_batch_size", 9, _INT64),
    ),
}


def _field(name: str, number: int, kind: str) -> Any:
    base = kind.removesuffix("[]")
    label = _FIELD.LABEL_REPEATED if kind.endswith("[]") else _FIELD.LABEL_OPTIONAL
    if base.startswith("."):
        return _FIELD(name=name, number=number, label=label, type=_FIELD.TYPE_MESSAGE, type_name=base)
    return _FIELD(name=name, number=number, label=label, type=_TYPES[base])


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name=_FILE, package=_PACKAGE, syntax="proto3", dependency=[wrappers_pb2.DESCRIPTOR.name]
    )
    for name, fields in _MESSAGES.items():
        file.message_type.add(name=name).field.extend(_field(*field) for field in fields)
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _MESSAGES}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}


_CLASSES = _classes()
MonitoringConfig: Any = _CLASSES["MonitoringConfig"]
BatchingParameters: Any = _CLASSES["BatchingParameters"]
