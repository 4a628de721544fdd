"""What errors say in other languages: no message of the kit lacks a translation, and each finds its own."""

# ruff: noqa: RUF001  Chinese has commas of its own

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from IPython.core.interactiveshell import InteractiveShell
from typer.testing import CliRunner

from kit.cli.shared import exits
from kit.errors import UsageError
from kit.project import Project
from kit.translation import check_messages as checking
from kit.translation.check_messages import check_labels, check_messages
from kit.translation.labels import label
from kit.translation.messages import (
    VARIABLE,
    chosen_language,
    html_language,
    in_language,
    languages,
    parts_in_language,
    read_messages,
)
from kit.translation.sources import sources
from kit.workshop.board import page
from widgets.parts.decision_form import attempt
from widgets.parts.language import VARIABLE as VARIABLE_OF_VIEWS


@pytest.mark.parametrize("language", languages())
def test_every_message_is_translated_with_its_values(language: str) -> None:
    problems = [*check_messages(language), *check_labels(language)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("language", languages())
def test_every_translation_is_put_together_by_its_template(language: str) -> None:
    """What an error says is found whatever its values are, and the values are in what is said."""
    for template, other in read_messages(language).items():
        values = [str(place) for place in range(10)]
        text = template.format(*values)
        if len(text) > 40 and not template.startswith((" ", "{")):
            assert in_language(text, language) == other.format(*values), template


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Version 7 must have been pushed, but the versions pushed are 3, 5. Choose one.",
            "版本 7 必须已推送，但已推送的版本是 3, 5。请选择其中之一。",
        ),
        (  # a value that is a text of its own, and one that ends with a text that was added to it
            (
                "There is no project shop. Did you mean shoe? Known projects are shoe; a project elsewhere is named by "
                "its folder, and `kit new` writes one for your data."
            ),
            (
                "没有项目 shop。你是不是想写 shoe？已知的项目是 shoe；"
                "别处的项目用其文件夹指定，`kit new` 会为你的数据写一个项目。"
            ),
        ),
        (  # several messages, a line each
            (
                "The parameter rate must be 0 to 10, but is 11.\n"
                "Nothing was run. Correct this; `kit parameters NOTEBOOK` shows what can be set."
            ),
            (
                "参数 rate 必须是0 至 10，但它是 11。\n"
                "什么都没有运行。请更正；"
                "`kit parameters NOTEBOOK` 会显示可以设置什么。"
            ),
        ),
        (  # a value of several lines, which another library wrote
            "a.yml must be a YAML file, but it cannot be read: while scanning\n  in line 3. Correct it there.",
            "a.yml 必须是 YAML 文件，但无法读取：while scanning\n  in line 3。请在那里更正。",
        ),
        (  # findings, each a sentence and what to do, among the lines of a message
            (
                "The data must pass the checks of project.yml, but do not:\n"
                "  volume: span 3 has 4 rows, and the spans of train have 10. "
                "See whether the delivery is whole, or was delivered twice.\n"
                "Fix the data or choose other spans; if the data are right, "
                "set the check to warn in project.yml."
            ),
            (
                "数据必须通过 project.yml 的检查，但没有通过：\n"
                "  volume: span 3 有 4 行，而训练的 span 有 10 行。 请查看送达的内容是否完整，或是否送达了两次。\n"
                "请修正数据或选择其他 span；如果数据是对的，请在 project.yml 中把该检查设为 warn。"
            ),
        ),
        (  # a message of several lines within another
            (
                "Stopped in 04_evaluate (exit code 12): The model must meet every gate of shop, but missed:\n"
                "  auc on all rows: 0.8, found 0.71\n"
                "It is not pushed. Train a better one, or change the gate where it is wrong."
            ),
            (
                "在 04_evaluate 中停止（退出码 12）：模型必须达到 shop 的每道门禁，但未达到：\n"
                "  auc，所有行：0.8，实际 0.71\n"
                "它没有被推送。请训练一个更好的模型，或在门禁有误之处修改它。"
            ),
        ),
        ("A library says: from 3 to 5 rows.", "A library says: from 3 to 5 rows."),
        (
            "Unknown.\nVersion 7 is nothing that the kit says.",
            "Unknown.\nVersion 7 is nothing that the kit says.",
        ),
        ("", ""),
    ],
)
def test_a_message_is_found_by_its_template(text: str, expected: str) -> None:
    assert in_language(text, "zh_CN.UTF-8") == expected
    assert in_language(text, "") == text
    assert in_language(text, "xx") == text


def test_a_project_file_is_explained_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    for name in ("features.py", "model.py"):
        (tmp_path / "shop" / name).touch()
    path = tmp_path / "shop" / "project.yml"
    path.write_text(
        "name: shop\ntask: binary\nlabel: bought\ncolumns: {bought: int}\ngates:\n  - {metric: auc}\n"
        "data: {files: a.csv}\n"
    )
    monkeypatch.setenv(VARIABLE, "zh")
    with pytest.raises(UsageError) as error:
        Project.load(str(path.parent))
    said = error.value.in_words()
    assert f"{path} 不是有效的项目：" in said
    assert "第 6 行" in said
    assert "门禁需要 min、max 或 min_change" in said
    assert "a gate needs" in str(error.value)


def test_an_error_is_told_in_the_language_and_recorded_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    error = UsageError("--host is only for --print-config, which was not given. Add it, or leave --host out.")
    said = "--host 用于 --print-config，但没有给出后者。请加上它，或去掉 --host。"
    command = typer.Typer()

    def fails() -> str:
        raise error

    command.command()(exits(fails))
    assert error.in_words() == str(error)
    monkeypatch.setenv(VARIABLE, "zh")
    assert error.in_words() == said
    assert str(error).startswith("--host is only for")
    assert CliRunner().invoke(command, []).output == f"{said}\n"
    assert attempt(fails) == (False, said)


def test_a_traceback_in_a_notebook_ends_with_the_message_in_the_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = InteractiveShell.instance()
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    cell = "from kit.errors import UsageError\nraise UsageError('--confirm needs the names of the notebooks whose "
    cell += "translations you have read. Name them.')"
    monkeypatch.setenv(VARIABLE, "zh")
    try:
        ended = shell.run_cell(cell)
    finally:
        InteractiveShell.clear_instance()
    shown = capsys.readouterr().out
    assert "UsageError" in shown
    assert shown.rstrip().endswith("请指定它们。")
    assert "Traceback" in shown  # all else is as ever
    assert str(ended.error_in_exec) == (
        "--confirm needs the names of the notebooks whose translations you have read. Name them."
    )


def test_all_that_reads_the_language_reads_it_alike() -> None:
    assert VARIABLE == VARIABLE_OF_VIEWS
    assert [chosen_language(one) for one in ("zh", "zh_CN.UTF-8", "ZH-Hans", "")] == ["zh", "zh", "zh", ""]


def test_the_class_board_is_a_page_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert '<html lang="en">' in page([], {"ages": "Negative ages"})
    monkeypatch.setenv(VARIABLE, "zh")
    board = page([], {"ages": "负的年龄"})
    assert '<html lang="zh-Hans">' in board
    assert "<h1>班级看板</h1>" in board
    assert "<th>参加者</th><th>负的年龄</th><th>得分</th>" in board
    assert html_language("xx") == "en"  # nothing is translated into it


def test_what_is_wrong_with_a_catalogue_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        checking, "sources", lambda: {"a {0} b": "kit/x.py:1", "two words": "kit/y.py:2", "name": ""}
    )
    monkeypatch.setattr(checking, "read_messages", lambda _language: {"a {0} b": "甲 {1}", "gone now": "去"})
    missing, gone, lost = check_messages("zh")
    assert missing == "kit/y.py:2 says 'two words': add its translation to messages/zh.json."
    assert gone.startswith("No error says 'gone now' any more")
    assert lost.startswith("'a {0} b' must have the same values in both languages")


def test_a_label_that_is_missing_or_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "sources", lambda: {"kind": "kit/card/x.py:1", "type": "kit/checks/y.py:2"})
    monkeypatch.setattr(checking, "read_labels", lambda _language: {"sort": "种类"})
    missing, gone = check_labels("zh")
    assert missing == "kit/card/x.py:1 says 'kind': add its translation to labels/zh.json."
    assert gone == "Nothing says 'sort' any more: take it out of labels/zh.json."


def test_a_word_is_a_label_only_where_it_stands_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    assert label("type") == "类型"
    assert label("label rates") == parts_in_language("label rates")
    assert parts_in_language("type") == "type", "may be the name of a column"
    assert label("type", "xx") == "type"


def test_texts_are_found_wherever_an_error_has_them_from() -> None:
    """One of each way that messages are put together with in the kit."""
    found = sources()
    ways = {
        "an f-string": "Version {0} must have been pushed, but the versions pushed are {1}. Choose one.",
        "what a function returns": "{0} is not a valid project:",
        "what is appended to a list": "Correct these in the file.",
        "__str__ of an error": "To use the warm process, {0}; but {1}. To change that, {2}.",
        "a part of a value": "no other language",
        "a ValueError that becomes a part": "a gate needs min, max or min_change",
        "what a notebook says by itself": "Hyperparameters {0}.",
        "what a notebook says of a function": "The model met every gate and is blessed.",
        "what a notebook says of a method": "The files of span {0} are as they were: every fault went into a copy.",
        "what a function yields": "{0} artifacts stay: {1}",
        "the message of an outcome": "The model stays: none of {0} rules asks for another one.",
        "what is recorded and told later": "The {0} model answers in {1} ms; {2}.",
    }
    assert not {way for way, text in ways.items() if text not in found}
    assert not [text for text in found if "Servable not found" in text], "TensorFlow Serving's own words"


def test_the_catalogue_is_sorted_as_it_is_edited() -> None:
    for language in languages():
        assert list(read_messages(language)) == sorted(read_messages(language))


def test_a_plural_is_not_told_by_a_letter() -> None:
    """Its other language would keep the letter: 3 days were 3 天s."""
    assert not [text for text in sources() if re.search(r"\w (day|file|row|time|value)\{\d\}", text)]
    assert in_language("all requests of 3 days follow the schema", "zh") == "3 天的所有请求都符合架构"
