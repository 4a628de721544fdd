"""The settings of a server: tensorflow_model_server's flags under the same names, and the files that they name."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from kit.os_errors import reason_of
from kit.serving.config_protos import BatchingParameters, MonitoringConfig
from kit.serving.errors import ServerError

PLATFORM = "tensorflow"
_MEBIBYTE = 1 << 20
METRICS_PATH = "/monitoring/prometheus/metrics"  # the real server's own default
_WORDS = {"true": True, "1": True, "false": False, "0": False}


class Addresses(NamedTuple):
    """Where a server listens, host and port; None where it does not."""

    grpc: str | None
    rest: str | None


def _flag(default: Any, text: str, *, least: int | None = None) -> Any:
    return field(default=default, metadata={"help": text, "least": least})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a server is started with. The flags are those of tensorflow_model_server, except for the last seven.

    Defaults are the real server's, with five exceptions. It listens on this machine only (`host`). Port 0 means a free
    port, which is what notebooks and tests want, and None means no port; for the real server 0 means none. A broken
    version is not retried after an interval (`max_num_load_retries`) but when its files change. gRPC's health service
    is always there. And a request is computed by one thread, unless `tensorflow_inter_op_parallelism` says more.

    Raises:
        ServerError: when a number is too small or not finite.
    """

    port: int | None = _flag(8500, "gRPC port; 0: any free port.")
    grpc_socket_path: str = _flag("", "Unix socket to listen on for gRPC as well.")
    rest_api_port: int | None = _flag(None, "REST port; 0: any free port. Without it there is no REST.")
    rest_api_num_threads: int = _flag(8, "Threads that answer REST requests.", least=1)
    rest_api_timeout_in_ms: int = _flag(30_000, "Timeout of a REST request, milliseconds.", least=1)
    rest_api_enable_cors_support: bool = _flag(default=False, text="Send CORS headers.")
    model_name: str = _flag("default", "Name of the only model; not with model_config_file.")
    model_base_path: str = _flag("", "Folder of the versions of the only model; not with model_config_file.")
    model_config_file: str = _flag("", "ModelServerConfig in text format.")
    model_config_file_poll_wait_seconds: int = _flag(
        0, "Seconds between checks of that file; 0: it is read once."
    )
    file_system_poll_wait_seconds: float = _flag(
        1.0, "Seconds between checks for versions; 0: once, below 0: never."
    )
    fail_if_no_model_versions_found: bool = _flag(
        default=False, text="Do not start unless every model has a version."
    )
    servable_versions_always_present: bool = _flag(
        default=False, text="Keep what is loaded if no version is found any more."
    )
    max_num_load_retries: int = _flag(0, "How often a version that fails to load is tried again.", least=0)
    load_retry_interval_micros: int = _flag(60_000_000, "Microseconds before it is tried again.", least=0)
    allow_version_labels_for_unavailable_models: bool = _flag(
        default=False, text="Let a new label point to a version that is not loaded."
    )
    enable_batching: bool = _flag(default=False, text="Batch requests.")
    batching_parameters_file: str = _flag("", "BatchingParameters in text format.")
    monitoring_config_file: str = _flag("", "MonitoringConfig in text format.")
    enable_model_warmup: bool = _flag(
        default=True, text="Replay a version's warm-up file before it takes traffic."
    )
    num_request_iterations_for_warmup: int = _flag(1, "How often each record of it is replayed.", least=0)
    saved_model_tags: str = _flag("serve", "Tags of the graph to load, separated by commas.")
    tensorflow_session_parallelism: int = _flag(0, "What the two below are if they are 0.", least=0)
    tensorflow_intra_op_parallelism: int = _flag(
        0, "Threads for one operation; 0: TensorFlow decides.", least=0
    )
    tensorflow_inter_op_parallelism: int = _flag(
        0,
        "Operations at once, for all requests together; 0: each request's run in the thread that answers it.",
        least=0,
    )
    grpc_max_threads: int = _flag(16, "Threads that answer gRPC requests.", least=1)
    grpc_channel_arguments: str = _flag("", "Options of the gRPC server: key=value, separated by commas.")
    enable_signature_method_name_check: bool = _flag(
        default=True, text="Refuse signatures whose method is not predict, classify or regress."
    )
    enable_serialization_as_tensor_content: bool = _flag(
        default=False, text="Answer predict with tensor_content instead of the fields for each dtype."
    )
    host: str = _flag("127.0.0.1", "Address to listen on; 0.0.0.0: all addresses.")
    max_message_bytes: int = _flag(64 * _MEBIBYTE, "Largest request or answer, in bytes.", least=1)
    max_concurrent_requests: int = _flag(
        256, "Most requests at once, including waiting ones; more get RESOURCE_EXHAUSTED.", least=1
    )
    drain_seconds: float = _flag(
        10.0, "Seconds that running requests have to finish when the server stops.", least=0
    )
    interceptors: str = _flag("", "Factories of interceptors, package.module:function, separated by commas.")
    prediction_log_config_file: str = _flag("", "LoggingConfig of the prediction log, for its interceptor.")
    experiment_config_file: str = _flag("", "Folder of the experiments, for their interceptor.")

    def __post_init__(self) -> None:
        for flag in fields(self):
            value, least = getattr(self, flag.name), flag.metadata["least"]
            if isinstance(value, float) and not math.isfinite(value):
                raise ServerError(f"{flag.name} must be a finite number, but is {value}. Correct it.")
            if least is not None and value < least:
                raise ServerError(f"{flag.name} must be {least} or more, but is {value}. Correct it.")

    @classmethod
    def from_flags(cls, arguments: Sequence[str]) -> Settings:
        """Read `--name=value` flags.

        Raises:
            SystemExit: with code 2 and a usage text when a flag is unknown or its value not valid.
            ServerError: when a number is too small or not finite.
        """
        parser = argparse.ArgumentParser(prog="python -m kit.serving", allow_abbrev=False)
        for flag in fields(cls):
            parser.add_argument(f"--{flag.name}", **_argument(flag))
        return cls(**vars(parser.parse_args(arguments)))

    def to_flags(self) -> list[str]:
        """Return the flags that differ from the defaults, so that another process gets these settings."""
        changed = [(flag.name, getattr(self, flag.name)) for flag in fields(self)]
        return [f"--{name}={_word(value)}" for name, value in changed if value != getattr(Settings, name)]

    def models(self) -> Any:
        """Return the ModelServerConfig: the file's, or else the one that the single-model flags describe.

        Raises:
            ServerError: when there is neither, or the file cannot be read.
        """
        if self.model_config_file:
            return _read(self.model_config_file, model_server_config_pb2.ModelServerConfig())
        if not self.model_base_path:
            raise ServerError(
                "A server must know its models, but neither model_config_file nor model_base_path is given. "
                "Give one of them."
            )
        config = model_server_config_pb2.ModelServerConfig()
        path = str(Path(self.model_base_path).absolute())
        config.model_config_list.config.add(name=self.model_name, base_path=path, model_platform=PLATFORM)
        return config

    def batching_parameters(self) -> Any:
        """Return the BatchingParameters; empty without a file."""
        return _read(self.batching_parameters_file, BatchingParameters())

    def monitoring(self) -> Any:
        """Return the MonitoringConfig; empty without a file."""
        return _read(self.monitoring_config_file, MonitoringConfig())

    def channel_arguments(self) -> list[tuple[str, int | str]]:
        """Return the options of grpc_channel_arguments; numbers as such."""
        pairs = [each.partition("=") for each in self.grpc_channel_arguments.split(",") if each]
        return [(key, int(value) if value.lstrip("-").isdigit() else value) for key, _, value in pairs]

    def metrics_path(self) -> str:
        """Return the path of the Prometheus metrics on the REST port; empty when the file does not enable them."""
        prometheus = self.monitoring().prometheus_config
        return (prometheus.path or METRICS_PATH) if prometheus.enable else ""


def _argument(flag: Field[Any]) -> dict[str, Any]:
    """Return argparse's options for a flag; a boolean flag may come without a value, as with the real server."""
    default = None if flag.default is MISSING else flag.default
    rest: dict[str, Any] = {"default": default, "help": f"{flag.metadata['help']} Default: {default}."}
    if isinstance(default, bool):
        return {"type": _truth, "nargs": "?", "const": True, **rest}
    return {"type": int if default is None else type(default), **rest}


def _truth(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise argparse.ArgumentTypeError(f"must be true or false, but is {text!r}")
    return _WORDS[text.lower()]


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(path: str, message: Any) -> Any:
    if not path:
        return message
    try:
        return text_format.Parse(Path(path).read_text(), message)
    except OSError as error:
        raise ServerError(
            f"{path} must be a file that can be read, but: {reason_of(error)}. Correct the path."
        ) from error
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ServerError(
            f"{path} must be a {message.DESCRIPTOR.name} in protobuf's text format, but {error}. Correct that place."
        ) from error
