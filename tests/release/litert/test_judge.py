"""The limit of project.yml decides about the variant that project.yml names."""

from __future__ import annotations

import pydantic
import pytest

from kit.errors import ExitCode, InfraCheckError
from kit.release.config import Release
from kit.release.litert.config import LiteRT
from kit.release.litert.judge import judge
from kit.release.litert.measure import MODEL, Measured


def made(variant: str, lost: float, worst: float | None = None, refused: str = "") -> Measured:
    return Measured(
        variant,
        refused=refused,
        bytes=None if refused else 82_700,
        lost=lost,
        worst_slice="" if worst is None else "device: tablet",
        worst_lost=worst,
    )


def variants(*, small: Measured) -> list[Measured]:
    return [Measured(MODEL), made("float", 0.0, 0.0), small, made("int8", 0.02, 0.4)]


def test_a_variant_within_the_limit_is_told_with_its_numbers() -> None:
    said = judge(variants(small=made("dynamic_range", 0.00123, 0.005)), LiteRT(), "binary")
    assert said == (
        "The LiteRT variant dynamic_range has 82.7 kB and loses 0.0012 on all rows, 0.0050 on device: tablet of AUC; "
        "0.01 is allowed."
    )


def test_a_project_without_slices_is_judged_on_all_rows() -> None:
    said = judge(variants(small=made("dynamic_range", -0.001)), LiteRT(), "regression")
    assert "loses -0.0010 on all rows of R²" in said


@pytest.mark.parametrize(
    ("lost", "worst"), [(0.011, 0.0), (0.0, 0.011)], ids=["on all rows", "on one slice only"]
)
def test_a_loss_above_the_limit_ends_a_batch(lost: float, worst: float) -> None:
    message = r"may lose 0\.01 of AUC .*0\.0110 on .*Use another variant \(float keeps the limit\)"
    with pytest.raises(InfraCheckError, match=message) as error:
        judge(variants(small=made("dynamic_range", lost, worst)), LiteRT(), "binary")
    assert error.value.exit_code == ExitCode.INFRA_CHECK


def test_another_limit_or_another_variant_lets_it_pass() -> None:
    small = made("dynamic_range", 0.011, 0.011)
    assert judge(variants(small=small), LiteRT(max_auc_loss=0.011), "binary")
    assert judge(variants(small=small), LiteRT(variant="float"), "binary")


def test_a_variant_that_could_not_be_made_is_no_success() -> None:
    refused = made("dynamic_range", 0.0, refused="it has no Lgamma. Write that otherwise.")
    with pytest.raises(InfraCheckError, match=r"no Lgamma.*Or name another variant under release\.litert"):
        judge(variants(small=refused), LiteRT(), "binary")


def test_a_loss_that_nobody_knows_is_no_success() -> None:
    unknown = Measured("dynamic_range", bytes=82_700)
    with pytest.raises(
        InfraCheckError, match="loses of AUC must be known, but the evaluation split has none"
    ):
        judge(variants(small=unknown), LiteRT(), "binary")


def test_project_yml_may_say_all_of_it() -> None:
    release = Release.model_validate(
        {"litert": {"variant": "int8", "max_auc_loss": 0.02, "bounds": {"int8": 0.1}}}
    )
    assert release.litert.variant == "int8"
    assert (release.litert.bound("int8"), release.litert.bound("float")) == (0.1, 1e-5)


@pytest.mark.parametrize(
    "section",
    [{"variant": "int4"}, {"max_auc_loss": -1}, {"representative_rows": 50}, {"representative_rows": 501}],
    ids=str,
)
def test_what_cannot_be_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        LiteRT.model_validate(section)
