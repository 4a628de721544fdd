"""Where the files of a model card are; those who only look for them import nothing else."""

from __future__ import annotations

from pathlib import Path

from kit.workspace import Workspace

PAGE, MARKDOWN = "model_card.html", "model_card.md"


def card_folder(workspace: Workspace, project: str, model: str) -> Path:
    """Return the folder of the card of a model, which is named by its number in ML Metadata."""
    return workspace.path / "cards" / project / model
