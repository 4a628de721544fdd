"""What a component was told reads the same, whoever recorded it."""

from __future__ import annotations

from kit.steps.properties import told_parameters


def test_what_was_not_told_is_left_out_as_a_pipeline_does() -> None:
    by_session = {
        "component_id": "Transform",
        "state": "complete",
        "module_file": "None",
        "code": '{"a": null}',
    }
    by_pipeline = {"component_id": "Transform", "code": '{"a": null}'}
    assert told_parameters(by_session) == told_parameters(by_pipeline) == {"code.a": "null"}
