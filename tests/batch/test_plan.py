from __future__ import annotations

from pathlib import Path

import pytest

from kit.batch import plan
from kit.batch.plan import choose_notebooks, common_parameters, place_of, plan_chain, read_parameter_file
from kit.errors import UsageError

from .conftest import WriteNotebook


def test_all_numbered_notebooks_run_in_order_unless_named(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    paths = [write_notebook(name, "a: int = 1") for name in ("02_b", "01_a", "scratch")]
    assert [path.stem for path in choose_notebooks(folder=tmp_path)] == ["01_a", "02_b"]
    names = ["scratch", "01_a.ipynb", str(paths[0])]
    assert [path.stem for path in choose_notebooks(names, tmp_path)] == ["scratch", "01_a", "02_b"]


def test_an_unknown_notebook_is_told_with_the_nearest(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    write_notebook("01_data", "a: int = 1")
    with pytest.raises(UsageError, match=r"no notebook '01_dat'\. Did you mean 01_data\?"):
        choose_notebooks(["01_dat"], tmp_path)


def test_a_notebook_in_a_folder_is_named_by_its_name_alone(tmp_path: Path) -> None:
    for place in ("workshop/01_ages", ".ipynb_checkpoints/01_ages", "workshop/02_words", "other/02_words"):
        path = tmp_path / f"{place}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    expected = [tmp_path / "workshop" / "01_ages.ipynb"]
    assert choose_notebooks(["01_ages"], tmp_path) == expected
    assert choose_notebooks(["workshop/01_ages"], tmp_path) == expected
    with pytest.raises(
        UsageError, match=r"no notebook '02_words'\. Did you mean (other|workshop)/02_words\?"
    ):
        choose_notebooks(["02_words"], tmp_path)


def test_a_notebook_is_known_by_its_place_in_checkout_or_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for checkout in (tmp_path / "here", tmp_path / "moved"):
        monkeypatch.setattr(plan, "CHECKOUT", checkout)
        assert place_of(checkout / "notebooks" / "a.ipynb", checkout / "ws") == "checkout: notebooks/a.ipynb"
        assert place_of(checkout / "ws" / "a.ipynb", checkout / "ws") == "workspace: a.ipynb"
        assert place_of(tmp_path / "a.ipynb", checkout / "ws") == str(tmp_path / "a.ipynb")


def test_links_of_several_names_are_several_notebooks(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook("of_all", "a: int = 1")
    (tmp_path / "folder").mkdir()
    links = [tmp_path / "folder" / f"{name}.ipynb" for name in ("first", "second")]
    for link in links:
        link.symlink_to(path)
    assert choose_notebooks([str(link) for link in links]) == links
    assert choose_notebooks(["second"], tmp_path) == [links[1]]
    (tmp_path / "link").symlink_to("folder")
    assert choose_notebooks([str(tmp_path / "link" / ".." / "link" / "first.ipynb")]) == [links[0]]


def test_the_same_notebook_twice_is_refused(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    write_notebook("01_data", "a: int = 1")
    with pytest.raises(UsageError, match="01_data is there twice"):
        choose_notebooks(["01_data", "01_data.ipynb"], tmp_path)


def test_each_notebook_gets_the_values_that_it_declares(write_notebook: WriteNotebook) -> None:
    first = write_notebook("01_a", 'workspace: str = "w"\nseed: int = 1')
    second = write_notebook("02_b", 'workspace: str = "w"\nepochs: int = 5\nseed: int = 2')
    plan = plan_chain([first, second], {"epochs": "9"}, {"workspace": "/x", "nobody": "declares this"})
    assert plan[0].given == {"workspace": "/x"}
    assert plan[1].given == {"workspace": "/x", "epochs": 9}
    assert plan[1].parameters == {"workspace": "/x", "epochs": 9, "seed": 2}
    assert common_parameters(plan) == {"workspace": "/x", "epochs": 9}, "seed differs between the notebooks"


def test_a_name_that_no_chosen_notebook_declares_is_refused(write_notebook: WriteNotebook) -> None:
    with pytest.raises(UsageError, match="no parameter 'b'"):
        plan_chain([write_notebook("01_a", "a: int = 1")], {"b": 1})


@pytest.mark.parametrize(
    ("text", "said"), [("- a\n", "is a list"), ("a: [", "cannot be read"), (None, "cannot be read")]
)
def test_a_bad_parameter_file_is_named(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "p.yml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_parameter_file(path)
    assert str(path) in str(caught.value)


def test_an_empty_parameter_file_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("# later\n")
    assert read_parameter_file(tmp_path / "p.yml") == {}
