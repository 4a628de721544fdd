"""Protections, alone and in a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, predict_pb2, regression_pb2

from kit.serving.errors import ServerError, ServingError
from kit.serving.hooks import RequestContext
from kit.serving.protect import FILE, Protection, Protector, ServedProtection, protect, protection, read_file
from kit.serving.server import ModelServer
from kit.serving.tensors import as_array, as_proto
from kit.serving.transport import Transport
from serving.models import predict_request, save_linear, settings_of

SCORES = np.random.default_rng(0).uniform(0.01, 0.99, (20, 100))


def context(model: str = "shop", subject: str = "ann", api: str = "Predict") -> RequestContext:
    headers = {"x-subject": subject}
    return RequestContext(api, model, "", None, None, None, headers, Transport.GRPC)


def sent(scores: Any, chosen: Protection, subject: str = "ann", secret: bytes = b"s") -> Any:
    """Return what becomes of scores in a PredictResponse."""
    response = predict_pb2.PredictResponse()
    response.outputs["score"].CopyFrom(as_proto(np.asarray(scores, np.float32)))
    response.outputs["other"].CopyFrom(as_proto(np.array([123])))
    Protector({"shop": ServedProtection(**chosen.model_dump())}, secret).after(
        context(subject=subject), response, 1, 0.0
    )
    assert as_array("other", response.outputs["other"]).tolist() == [123]
    return as_array("score", response.outputs["score"])


def test_rounded_scores_have_so_many_decimals() -> None:
    shown = protect(SCORES, Protection(decimals=1))
    assert np.abs(shown - SCORES).max() <= 0.05
    assert len(np.unique(shown)) <= 11


def test_only_the_best_of_a_list_are_shown() -> None:
    shown = protect(SCORES, Protection(top_k=10))
    assert ((shown > 0).sum(axis=1) == 10).all()
    best = np.argsort(-SCORES, axis=1)[:, :10]
    assert np.take_along_axis(shown, best, 1).tolist() == np.take_along_axis(SCORES, best, 1).tolist()
    ties = protect(np.full(5, 0.5), Protection(top_k=2))
    assert ties.tolist() == [0.5, 0.5, 0, 0, 0]
    assert protect(np.array([0.1, 0.2]), Protection(top_k=3)).tolist() == [0.1, 0.2]


def test_noise_is_as_large_as_it_should_be_and_has_no_bias() -> None:
    def odds(scores: Any) -> Any:
        return np.log(scores / (1 - scores))

    drawn = odds(protect(SCORES, Protection(noise=0.5), "ann", b"s")) - odds(SCORES)
    assert drawn.std() == pytest.approx(0.5, rel=0.05)
    assert abs(drawn.mean()) < 0.05
    factors = protect(100 * SCORES, Protection(noise=0.5), "ann", b"s", probabilities=False) / (100 * SCORES)
    assert factors.std() == pytest.approx(0.5, rel=0.05)


def test_asking_again_gives_nothing_to_average() -> None:
    noisy = Protection(noise=0.5)
    first = protect(SCORES, noise := noisy, "ann", b"s")
    order = np.random.default_rng(1).permutation(100)
    assert protect(SCORES[:, order], noise, "ann", b"s").tolist() == first[:, order].tolist()
    assert protect(SCORES[3, :7], noise, "ann", b"s").tolist() == first[3, :7].tolist()


@pytest.mark.parametrize(("subject", "secret"), [("bob", b"s"), ("ann", b"t")])
def test_another_subject_or_secret_has_noise_of_its_own(subject: str, secret: bytes) -> None:
    noise = Protection(noise=0.5)
    one, other = protect(SCORES, noise, "ann", b"s"), protect(SCORES, noise, subject, secret)
    assert abs(np.corrcoef((one - SCORES).ravel(), (other - SCORES).ravel())[0, 1]) < 0.1


def test_the_interceptor_changes_scores_and_nothing_else() -> None:
    assert sent([0.126, 0.9, 0.2], Protection(decimals=2, top_k=2)).tolist() == pytest.approx([0, 0.9, 0.2])
    noisy = sent(SCORES[0], Protection(noise=1), "ann")
    assert noisy.tolist() != sent(SCORES[0], Protection(noise=1), "bob").tolist()
    assert noisy.tolist() == sent(SCORES[0], Protection(noise=1), "ann").tolist()


@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64, tf.bfloat16])
@pytest.mark.parametrize("as_content", [False, True])
def test_an_output_of_any_name_and_float_is_protected(dtype: Any, as_content: bool) -> None:
    response = predict_pb2.PredictResponse()
    for name in ("rating", "logits"):
        values = np.array([[0.26, 0.74, 0.11]]).astype(dtype.as_numpy_dtype)
        response.outputs[name].CopyFrom(as_proto(values, as_content=as_content))
    Protector({"shop": ServedProtection(decimals=0)}).after(context(), response, 1, 0.0)
    for name in ("rating", "logits"):
        shown = as_array(name, response.outputs[name])
        assert (shown.tolist(), tf.as_dtype(shown.dtype)) == ([[0, 1, 0]], dtype)


def test_an_output_that_is_no_score_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("models: {shop: {decimals: 0, unchanged: [price]}}")
    response = predict_pb2.PredictResponse()
    for name in ("score", "price"):
        response.outputs[name].CopyFrom(as_proto(np.array([0.75, 0.25], np.float32)))
    Protector(read_file(tmp_path / FILE).models).after(context(), response, 1, 0.0)
    assert as_array("score", response.outputs["score"]).tolist() == [1, 0]
    assert as_array("price", response.outputs["price"]).tolist() == [0.75, 0.25]


def test_every_api_is_protected() -> None:
    protector = Protector({"shop": ServedProtection(decimals=1, top_k=2)})
    regressed = regression_pb2.RegressionResponse()
    for value in (0.26, 0.74, 0.11):
        regressed.result.regressions.add(value=value)
    classified = classification_pb2.ClassificationResponse()
    for value in (0.26, 0.74, 0.11):
        row = classified.result.classifications.add()
        row.classes.add(label="yes", score=value)
        row.classes.add(label="no", score=1 - value)
    both = inference_pb2.MultiInferenceResponse()
    both.results.add().regression_result.CopyFrom(regressed.result)
    both.results.add().classification_result.CopyFrom(classified.result)
    for api, response in (("Regress", regressed), ("Classify", classified), ("MultiInference", both)):
        protector.after(context(api=api), response, 1, 0.0)
    kept = pytest.approx([0.3, 0.7, 0])
    for result in (regressed.result, both.results[0].regression_result):
        assert [one.value for one in result.regressions] == kept
    for result in (classified.result, both.results[1].classification_result):
        assert [one.classes[0].score for one in result.classifications] == kept
        assert [one.classes[1].score for one in result.classifications] == pytest.approx([0.7, 0, 0.9])


def test_other_models_and_errors_are_left_alone() -> None:
    response = predict_pb2.PredictResponse()
    response.outputs["score"].CopyFrom(as_proto(np.array([0.123], np.float32)))
    before = response.SerializeToString(deterministic=True)
    protector = Protector({"shop": ServedProtection(decimals=0)})
    protector.after(context(model="other"), response, 1, 0.0)
    protector.after(context(), ServingError(None, "no"), None, 0.0)
    assert response.SerializeToString(deterministic=True) == before


def test_a_protection_that_fails_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.serving.protect.protect", lambda *_, **__: 1 / 0)
    response = predict_pb2.PredictResponse()
    response.outputs["score"].CopyFrom(as_proto(np.array([0.123], np.float32)))
    with pytest.raises(ZeroDivisionError):
        Protector({"shop": ServedProtection(decimals=0)}).after(context(), response, 1, 0.0)
    assert not response.outputs


def test_a_server_is_started_with_it(tmp_path: Path) -> None:
    base = tmp_path / "linear"
    save_linear(base, 1)
    (tmp_path / FILE).write_text("models: {linear: {decimals: 0}}")
    settings = settings_of(base, port=None, interceptors="kit.serving.protect:protection")
    with ModelServer(settings) as server:
        server.start()
        answer = server.inference.predict(predict_request(0.3, 0.7), {}, Transport.GRPC)
    assert as_array("y", answer.outputs["y"]).tolist() == [1.0, 1.0]  # of 0.6 and 1.4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "needs .*protect.yml"),
        ("models: [", "must be a YAML file"),
        ("models: {shop: {}}", "shop needs decimals, top_k or noise"),
        (
            "models: {shop: {top: 1}}",
            "must say what protects each model, but models.shop.top: Extra inputs are not",
        ),
        ("models: {shop: {unchanged: [score]}}", "shop needs decimals, top_k or noise"),
        ("models: {shop: {noise: 0.3}}", "KIT_PROTECT_SECRET .*is not set"),
    ],
)
def test_a_server_does_not_start_unprotected(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises(ServerError, match=message):
        protection(settings_of(tmp_path / "shop"))


def test_the_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_text("secret_variable: MINE\nmodels: {shop: {noise: 0.3}}")
    monkeypatch.setenv("MINE", "abc")
    assert protection(settings_of(tmp_path / "shop")).secret == b"abc"


def test_names_say_what_is_done() -> None:
    assert Protection().name == "none"
    assert Protection(decimals=1, top_k=10, noise=0.3).name == "1 decimal, top 10 only, noise 0.3"
