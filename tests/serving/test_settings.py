from __future__ import annotations

from pathlib import Path

import pytest

from kit.serving.errors import ServerError
from kit.serving.settings import Settings
from serving.models import config_text


def test_flags_are_tensorflow_model_servers() -> None:
    settings = Settings.from_flags(
        [
            "--port=8500",
            "--rest_api_port=8501",
            "--model_name=m",
            "--model_base_path=/models/m",
            "--enable_batching",
        ]
    )
    assert (settings.rest_api_port, settings.model_name, settings.enable_batching) == (8501, "m", True)
    [model] = settings.models().model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("m", "/models/m", "tensorflow")


@pytest.mark.parametrize(("word", "value"), [("=true", True), ("=False", False), ("=1", True), ("", True)])
def test_a_truth_may_stand_alone_or_be_said(word: str, value: bool) -> None:
    assert Settings.from_flags([f"--enable_model_warmup{word}"]).enable_model_warmup is value


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        ("grpc_max_threads=0", "must be 1 or more, but is 0"),
        ("max_concurrent_requests=0", "must be 1 or more, but is 0"),
        ("tensorflow_intra_op_parallelism=-1", "must be 0 or more, but is -1"),
        ("drain_seconds=nan", "must be a finite number, but is nan"),
    ],
)
def test_a_number_with_which_no_server_can_run_is_named(flag: str, why: str) -> None:
    with pytest.raises(ServerError, match=f"^{flag.partition('=')[0]} {why}. Correct it.$"):
        Settings.from_flags([f"--{flag}"])


@pytest.mark.parametrize(
    "flag", ["--model_nam=x", "--port=many", "--enable_batching=perhaps", "--drain_seconds=long"]
)
def test_a_flag_that_is_not_known_ends_the_process(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        Settings.from_flags([flag])
    assert flag.split("=", maxsplit=1)[0] in capsys.readouterr().err


def test_flags_survive_the_way_to_another_process() -> None:
    settings = Settings(
        port=0, enable_batching=True, enable_model_warmup=False, drain_seconds=0.5, host="::1"
    )
    assert Settings.from_flags(settings.to_flags()) == settings


def test_files_are_read_as_the_real_server_reads_them(tmp_path: Path) -> None:
    models, batching, monitoring = (tmp_path / name for name in ("models", "batching", "monitoring"))
    policy = "model_version_policy { specific { versions: 1 versions: 2 } }"
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
    models.write_text(config_text(tmp_path, policy, labels))
    batching.write_text(
        "max_batch_size { value: 128 } allowed_batch_sizes: [64, 128] pad_variable_length_inputs: true"
    )
    monitoring.write_text('prometheus_config { enable: true, path: "/metrics" }')
    settings = Settings(
        model_config_file=str(models),
        batching_parameters_file=str(batching),
        monitoring_config_file=str(monitoring),
    )
    [model] = settings.models().model_config_list.config
    assert dict(model.version_labels) == {"stable": 1, "canary": 2}
    assert list(model.model_version_policy.specific.versions) == [1, 2]
    parameters = settings.batching_parameters()
    assert (parameters.max_batch_size.value, list(parameters.allowed_batch_sizes)) == (128, [64, 128])
    assert parameters.pad_variable_length_inputs
    assert not parameters.HasField("batch_timeout_micros")
    assert settings.metrics_path() == "/metrics"


def test_without_files_there_are_empty_messages() -> None:
    assert not Settings().metrics_path()
    assert not Settings().batching_parameters().HasField("max_batch_size")


@pytest.mark.parametrize(
    ("text", "words"),
    [("model_config_list {", "text format"), ("models: 1", "models"), (None, "can be read")],
    ids=["cut off", "unknown field", "not there"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "models.config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ServerError, match=words) as raised:
        Settings(model_config_file=str(path)).models()
    assert str(path) in str(raised.value)


def test_models_must_be_named() -> None:
    with pytest.raises(ServerError, match="model_base_path"):
        Settings().models()
