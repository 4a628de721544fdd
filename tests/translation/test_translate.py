from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from in_process import kit

from kit.batch.parameters import read_parameters
from kit.batch.plan import NOTEBOOKS
from kit.errors import ExitCode
from kit.translation import build as building
from kit.translation.build import build, check_all, confirm, translated
from kit.translation.catalogue import (
    TranslatedCell,
    catalogue_path,
    digest,
    every_notebook,
    languages,
    read_catalogue,
    write_catalogue,
)
from kit.translation.check import check
from kit.translation.errors import TranslationError

TITLE = '# Fit\nUse `rate` and [this](x.png).\n- one\n- two\n<img src="x.png" alt="fit">'
STEP = "## 1. Run\nIt **runs**."
TITEL = '# 拟合\n用 `rate` 和[这个](x.png)。\n- 一\n- 二\n<img src="x.png" alt="拟合">'
SCHRITT = "## 1. 运行\n它在**运行**。"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """A notebook with two cells of prose, of which both are translated."""
    made = nbformat.v4.new_notebook()
    made.cells = [
        nbformat.v4.new_markdown_cell(TITLE, id="a"),
        nbformat.v4.new_code_cell("rate: float = 0.1  # of steps", id="b", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_markdown_cell(STEP, id="c"),
    ]
    path = tmp_path / "notebooks" / "01_fit.ipynb"
    (path.parent / "pictures").mkdir(parents=True)
    (path.parent / "pictures" / "x.png").write_bytes(b"png")
    nbformat.write(made, path)
    say(path, a=TITEL, c=SCHRITT)
    return path


def say(notebook: Path, **texts: str) -> None:
    english = {"a": TITLE, "c": STEP}
    cells = {
        key: TranslatedCell(english=digest(english.get(key, "")), text=text) for key, text in texts.items()
    }
    write_catalogue(catalogue_path(notebook, "zh"), cells)


def change(notebook: Path, old: str, new: str) -> None:
    notebook.write_text(notebook.read_text().replace(old, new))


def test_prose_is_translated_and_code_is_not(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "NOTEBOOKS", notebook.parent)
    [built] = build([notebook], "zh", tmp_path / "out")
    assert built.english == ()
    made = nbformat.read(built.path, as_version=4)
    assert [cell.source for cell in made.cells] == [TITEL, "rate: float = 0.1  # of steps", SCHRITT]
    assert read_parameters(built.path) == read_parameters(notebook)
    assert (tmp_path / "out" / "pictures" / "x.png").exists()
    assert languages(notebook.parent) == ["zh"]
    with pytest.raises(TranslationError, match="are there in zh, but 'fr' is asked for"):
        build([notebook], "fr", tmp_path / "out")


def test_a_notebook_in_a_folder_has_its_translation_in_a_folder() -> None:
    assert catalogue_path(NOTEBOOKS / "01_data.ipynb", "zh") == NOTEBOOKS / "zh" / "01_data.yml"
    in_folder = NOTEBOOKS / "workshop" / "01_ages.ipynb"
    assert catalogue_path(in_folder, "zh") == NOTEBOOKS / "zh" / "workshop" / "01_ages.yml"
    assert languages() == ["zh"]  # and not the folder of notebooks


def test_notebooks_in_folders_are_found_and_copies_are_not(notebook: Path) -> None:
    root = notebook.parent
    for place in ("workshop/01_ages.ipynb", ".ipynb_checkpoints/01_fit-checkpoint.ipynb"):
        (root / place).parent.mkdir()
        (root / place).write_bytes(notebook.read_bytes())
    assert every_notebook(root) == [notebook, root / "workshop" / "01_ages.ipynb"]


def test_a_notebook_without_a_translation_lacks_all_of_it(
    notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "NOTEBOOKS", notebook.parent)
    other = notebook.with_name("02_new.ipynb")
    other.write_bytes(notebook.read_bytes())
    assert [(problem.cell, problem.what) for problem in check_all([notebook, other], "zh")] == [
        ("a", "missing"),
        ("c", "missing"),
    ]


def test_what_is_missing_or_outdated_stays_english_and_is_named(notebook: Path) -> None:
    change(notebook, "It **runs**", "It **walks**")
    content, stayed = translated(notebook, "zh")
    assert stayed == ("c",)
    assert "walks" in content.cells[2].source
    [problem] = check(notebook, "zh")
    assert str(problem).startswith(
        "01_fit, cell c: outdated. The English has changed: adapt the text in 01_fit.yml"
    )
    say(notebook, a=TITEL, z="?")
    assert [(problem.cell, problem.what) for problem in check(notebook, "zh")] == [
        ("c", "missing"),
        ("z", "superfluous"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TITEL.replace("`rate`", "`ratte`"), "the same code, unlike `rate`, `ratte`"),
        (TITEL.replace("(x.png", "(y.png"), "the same links, unlike x.png, y.png"),
        (TITEL.replace('"x.png', '"y.png'), "the same pictures, unlike x.png, y.png"),
        (TITEL.replace("# ", "## "), "the same headings"),
        (TITEL.replace("\n- 二", ""), "the same items of lists and tables"),
        (TITEL.replace("用 ", "**用!**于"), "the same emphasis, but **用!** is none"),
        (TITEL.replace("用 ", "要**!用**于"), "the same emphasis, but **!用** is none"),
    ],
)
def test_what_got_lost_on_the_way_is_named(notebook: Path, text: str, expected: str) -> None:
    say(notebook, a=text, c=SCHRITT)
    [problem] = check(notebook, "zh")
    assert (problem.cell, problem.what) == ("a", "differs")
    assert expected in problem.advice


def test_a_translation_that_still_fits_is_confirmed(notebook: Path) -> None:
    change(notebook, "It **runs**", "Now it **runs**")
    assert confirm(notebook, "zh") == ["c"]
    assert check(notebook, "zh") == []
    assert read_catalogue(catalogue_path(notebook, "zh"))["c"].text.strip() == SCHRITT
    assert confirm(notebook, "zh") == []
    with pytest.raises(TranslationError, match=r"fr.01_fit\.yml has none"):
        confirm(notebook, "fr")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [", "must be a YAML file"),
        ("a: {english: x}", "but a.text: Field required"),
        ("a: {english: x, text: y}\na: {english: x, text: z}", "'a' is there twice"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_told(notebook: Path, text: str, expected: str) -> None:
    catalogue_path(notebook, "zh").write_text(text)
    with pytest.raises(TranslationError) as error:
        check(notebook, "zh")
    assert str(catalogue_path(notebook, "zh")) in str(error.value)
    assert expected in str(error.value)


def test_the_command_writes_checks_and_confirms(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "NOTEBOOKS", notebook.parent)

    written = tmp_path / "ws" / "notebooks" / "zh" / "01_fit.ipynb"
    assert kit("translate", notebook, "-w", tmp_path / "ws") == (0, f"{written}\n")
    assert kit("translate", notebook, "--check") == (0, "All translations are up to date.\n")
    change(notebook, "It **runs**", "It **walks**")
    assert kit("translate", notebook, "-w", tmp_path / "ws") == (0, f"{written}  English: c\n")
    code, said = kit("translate", notebook, "--check")
    assert code == ExitCode.USAGE
    assert "01_fit, cell c: outdated" in said
    assert kit("translate", notebook, "--confirm") == (0, "01_fit: c\n")
    assert kit("translate", notebook, "--check")[0] == 0
    code, said = kit("translate", "--confirm")
    assert code == ExitCode.USAGE
    assert "Name them" in said
    code, said = kit("translate", notebook, "-l", "xx")
    assert code == ExitCode.USAGE
    assert "are there in zh" in said
