"""The texts of the exercises: each has a title and three hints in every language, translated from today's English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kit.translation.messages import VARIABLE
from kit.workshop import texts as module
from kit.workshop.catalogue import exercise_named
from kit.workshop.texts import digest_of, names, texts, translations
from widgets.parts import language as of_views

CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMED = re.compile(r"[A-Za-z]+(?:\.|_|=|\(\))+[A-Za-z_.=()]*[A-Za-z]|\d+\.\d+")  # no language changes these
NAMES = names()
LANGUAGES = sorted(translations())


def content(language: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(translations()[language].read_text(encoding="utf-8"))
    return found


def test_every_exercise_has_its_texts() -> None:
    assert all(len(text["hints"]) == 3 and text["title"] for text in texts("en").values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_as_it_is_now(language: str) -> None:
    known, english = content(language), texts("en")
    assert tuple(known) == tuple(english), f"translate these in {translations()[language].name}"
    told = {name: known[name]["english"] for name in known}
    assert told == {name: digest_of(text) for name, text in english.items()}, (
        "adapt those whose English changed"
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_same_hints_and_names(language: str, name: str) -> None:
    ours, theirs = texts("en")[name], texts(language)[name]
    assert ours["title"] != theirs["title"]
    assert len(theirs["hints"]) == len(ours["hints"])
    for hint, other in zip(ours["hints"], theirs["hints"], strict=True):
        assert other != hint
        assert sorted(NAMED.findall(other)) == sorted(NAMED.findall(hint))


@pytest.mark.parametrize("language", ["zh", "zh_CN.UTF-8", "zh-Hans"])
def test_the_reader_chooses_as_for_views(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str
) -> None:
    assert VARIABLE == of_views.VARIABLE
    monkeypatch.setenv(VARIABLE, language)
    exercise = exercise_named("version_skew", tmp_path)
    assert all(CHINESE.search(text) for text in [exercise.title, *exercise.hints])


@pytest.mark.parametrize("language", ["", "en", "xx", "../zh"])
def test_other_languages_get_english(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv(VARIABLE, language)
    assert texts() == texts("en")
    assert not any(CHINESE.search(text["title"]) for text in texts().values())


def test_a_translation_of_what_was_said_before_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The English of the first has changed since; the second has none yet; the third is up to date."""
    english = {name: {"title": f"Title {name}", "hints": ["Look.", "Look here."]} for name in "abc"}
    other = {name: {"english": digest_of(english[name]), "title": "题目", "hints": ["看。"]} for name in "ac"}
    english["a"] = {**english["a"], "hints": ["Look.", "Look there."]}
    (tmp_path / "hints.yml").write_text(yaml.safe_dump(english))
    (tmp_path / "hints_zh.yml").write_text(yaml.safe_dump(other))
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    assert [text["title"] for text in texts("zh").values()] == ["Title a", "Title b", "题目"]
