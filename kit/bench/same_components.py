"""Write a notebook that runs only the components of `plain_tfx`, in the kit's session.

    python -m kit.bench.same_components OUT.ipynb WORKSPACE
    papermill OUT.ipynb EXECUTED.ipynb -k kit

Pusher is stock TFX's: the kit's own would wait for an infra check, which the peer does not have.
"""

from __future__ import annotations

import sys

import nbformat

PROJECT = "chicago_taxi"
SETUP = """
from pathlib import Path

from tfx.components.pusher.component import Pusher
from tfx.proto.pusher_pb2 import PushDestination

from kit.evaluation.config import evaluator_of
from kit.export.pipeline import until_trained
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

ws = Workspace(Path({workspace!r}))
project = Project.load({project!r})
session = Session(ws, project)
components = {{component.id: component for component in until_trained(ws, project)}}
"""
UNTIL_TRAINED = ("ExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "Transform", "Trainer")
UNTIL_PUSHED = (
    """
model = components["Trainer"].outputs["model"]
evaluator = evaluator_of(
    project,
    examples=components["ExampleGen"].outputs["examples"],
    model=model,
    schema=components["SchemaGen"].outputs["schema"],
)
session.run(evaluator)
""",
    """
folder = PushDestination.Filesystem(base_directory=str(ws.serving(project.name)))
destination = PushDestination(filesystem=folder)
session.run(Pusher(model=model, model_blessing=evaluator.outputs["blessing"], push_destination=destination))
assert any(ws.serving(project.name).iterdir()), "nothing was pushed"
""",
)


def main(path: str, workspace: str) -> None:
    """Write the notebook to `path`; its results go into `workspace`."""
    cells = [
        SETUP.format(workspace=workspace, project=PROJECT),
        *(f'session.run(components["{name}"])' for name in UNTIL_TRAINED),
        *UNTIL_PUSHED,
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells],
        metadata={"kernelspec": {"name": "kit", "display_name": "kit", "language": "python"}},
    )
    nbformat.write(notebook, path)


if __name__ == "__main__":
    main(*sys.argv[1:3])
