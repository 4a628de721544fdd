"""The label of what serves follows it, before a server sees the change, or it would unload what the label names."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.release.models_config import labels_of
from kit.release.push import push_folder
from kit.release.versions import rollback

from .killing import BY


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for number in ("4", "5"):
        (tmp_path / "shop" / number).mkdir(parents=True)
        (tmp_path / "shop" / number / "saved_model.pb").touch()
    return tmp_path / "shop"


def tell(base: Path, policy: str = "") -> None:
    """Write a models.config that gives version 5 two labels."""
    labels = " ".join(f'version_labels {{ key: "{name}" value: 5 }}' for name in ("stable", "own"))
    config = f'config {{ name: "shop" base_path: "{base}" {policy} {labels} }}'
    (base.parent / "models.config").write_text(f"model_config_list {{ {config} }}")


@pytest.mark.parametrize(
    ("policy", "follows"),
    [
        ("", True),
        ("model_version_policy { latest { num_versions: 2 } }", False),
        ("model_version_policy { specific { versions: 5 } }", False),
    ],
)
def test_the_label_of_what_serves_follows_to_a_push_where_a_server_unloads_the_version_before(
    base: Path, policy: str, *, follows: bool
) -> None:
    tell(base, policy)
    version = int(push_folder(base / "5", base).name)
    assert labels_of(base) == {"stable": version if follows else 5, "own": 5}


def test_the_label_of_what_serves_comes_along_with_what_is_brought_back(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(base)
    rollback(base, None, **BY)
    assert labels_of(base) == {"stable": 4, "own": 5}
    seen = []
    monkeypatch.setattr(Path, "rename", lambda *_: seen.append(labels_of(base)))
    rollback(base, 5, **BY)
    assert seen == [{"stable": 5, "own": 5}]
