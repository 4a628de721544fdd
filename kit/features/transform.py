"""The Transform component for a project."""

from __future__ import annotations

from typing import Any

from tfx.components.transform import component

from kit.project import Project


def transform(project: Project, examples: Any, schema: Any) -> component.Transform:
    """Return Transform with the project's `preprocessing_fn`, imported by its dotted path.

    Args:
        project: the project with the function, and with a digest of its code, so that changed code is run again.
        examples: the channel of the Examples.
        schema: the channel of the Schema that the examples follow.
    """
    return component.Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn=project.dotted("features", "preprocessing_fn"),
        custom_config={"code": project.code_digest("features")},
        # The notebooks show transformed rows and vocabularies; their statistics would take a third of Transform's time.
        disable_statistics=True,
        # The cache would serve a later run over some of the same files, but nothing here passes it on.
        disable_analyzer_cache=True,
        force_tf_compat_v1=project.spec.tf1_graph,
    )
