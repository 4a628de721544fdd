"""What views are told in other languages: what checks found, what was judged, the help of parameters."""

# ruff: noqa: RUF001  Chinese has commas of its own

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kit
from kit.alerts.desk import AlertDesk
from kit.alerts.notify import AlertNotifier
from kit.batch.desk import ParameterDesk
from kit.batch.parameters import read_parameters
from kit.checks.check import Finding
from kit.doctor import Check
from kit.faults.catalogue import FAULTS
from kit.monitoring.decision import Rule
from kit.project import Project
from kit.translation.catalogue import every_notebook
from kit.translation.labels import label
from kit.translation.messages import VARIABLE, languages, parts_in_language
from kit.translation.sources import sources
from kit.translation.syntax import assigned, called_name
from kit.translation.view_texts import KEPT, TOLD, fields_of, helps
from kit.workspace import Workspace

CHINESE = re.compile("[\u4e00-\u9fff]")
VOLUME = "span 3 has 4 rows, and the spans of train have 10"
VOLUME_ZH = "span 3 有 4 行，而训练的 span 有 10 行"
ADVICE = "See whether the delivery is whole, or was delivered twice."
ADVICE_ZH = "请查看送达的内容是否完整，或是否送达了两次。"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VOLUME, VOLUME_ZH),
        (
            "price is 0.758 from the training data on 2026-01-08; not on the newest day",
            "price 与训练数据相差 0.758，在 2026-01-08；最新的一天没有",
        ),
        ("price is 0.758 from the day before on 2026-01-08", "price 与前一天相差 0.758，在 2026-01-08"),
        (
            "age, seen on 2026-01-08: Out-of-range values. Unexpectedly small value: -71",
            "2026-01-08 的 age：超出范围的值。 意外小的值：-71",
        ),
        (
            "8,000 labels have arrived; 5 were for a prediction that had one.",
            "已有 8,000 个标签到达；5 个属于已有标签的预测。",
        ),
        (f"{VOLUME}; {VOLUME}", f"{VOLUME_ZH}；{VOLUME_ZH}"),  # two findings of one incident
        (f"missing values: {VOLUME}", f"缺失值: {VOLUME_ZH}"),  # after the name of a check
        ("120 to 400", "120 至 400"),  # a few words, of which an error would not be known
        ("0.51, as in train", "0.51，与 train 中一样"),
        ("not computed on all rows", "未在 所有行 上计算"),
        (
            (
                "no metric can be worse than it may be: click rate at 0.0010 against 0.0020, difference -0.0010 "
                "[-0.0020, +0.0010], may be down to -0.0050"
            ),
            (
                "没有任何指标可能比允许的更差：点击率为 0.0010，对照 0.0020，差异 -0.0010 "
                "[-0.0020, +0.0010]，允许下降到 -0.0050"
            ),
        ),
        (
            "too few users for click rate; not sure of slow requests",
            "用户太少，无法判断 点击率；尚不能确定 慢的请求",
        ),
        ("99 of 100 are not answered within 12 ms", "100 个中有 99 个没有在 12 毫秒之内得到回答"),
        (  # what TFDV says, after the feature that it is about
            "age: Out-of-range values. Unexpectedly small value: -73.",
            "age: 超出范围的值。 意外小的值：-73。",
        ),
        (
            (
                "device: High Linfty distance between training and serving. The Linfty distance between training and "
                "serving is 0.02 (up to six significant digits), above the threshold 0.01. The feature value with "
                "maximum difference is: a b"
            ),
            (
                "device: training 与 serving 之间的 Linfty 距离过大。 "
                "training 与 serving 之间的 Linfty 距离为 0.02（至多六位有效数字），高于阈值 0.01。 "
                "差异最大的特征值是：a b"
            ),
        ),
        (  # what looks like a name, and is the beginning of a message
            "stopped: auc on all rows must be at most 0.7, is 0.9; the model that is served now passes",
            "被拦住：所有行 的 auc 必须至多 0.7，实际为 0.9；正在提供服务的模型通过",
        ),
        (  # an error with its own full stop
            "stopped: Version 7 must have been pushed, but the versions pushed are 3, 5. Choose one.",
            "被拦住：版本 7 必须已推送，但已推送的版本是 3, 5。请选择其中之一。",
        ),
        (  # the same of several sentences, whose first could be something else
            (
                "stopped: Signature a must have the inputs b: string [any] of project.yml, but has c: string [any]. "
                "Change model.py, or project.yml and every client."
            ),
            (
                "被拦住：签名 a 必须有 project.yml 中的 inputs b: string [any]，但有 c: string [any]。"
                "请修改 model.py，或修改 project.yml 和每个客户端。"
            ),
        ),
        ("because Ann knows better", "because Ann knows better"),
        ("", ""),
    ],
)
def test_what_is_told_is_put_together_of_its_parts(text: str, expected: str) -> None:
    assert parts_in_language(text, "zh_CN.UTF-8") == expected
    assert parts_in_language(text, "") == text


def test_every_class_that_tells_something_is_there_with_its_fields() -> None:
    """A class or a field of another name would be left out, and nobody would miss its texts."""
    texts = (path.read_text(encoding="utf-8") for path in Path(kit.__file__).parent.rglob("*.py"))
    trees = [ast.parse(text) for text in texts if any(f"class {name}" in text for name in TOLD)]
    assert fields_of(trees).keys() == TOLD.keys() | KEPT.keys()


def test_what_is_told_is_among_the_sources() -> None:
    ways = {
        "a field by its place": "the fault is in {0}",
        "a field by its name": "A file is loaded twice, or a queue delivers at least once: rows appear again.",
        "what should have been": "{0}, as in train",
        "one of two that a function returns": "there was no evidence for it within {0} days",
        "__str__ of a part": "{0} at {1} against {2}, difference {3} [{4}, {5}], may be {6} to {7}",
        "what is left by filter": "too few users for {0}",
        "what a function is called with": "remove old runs or choose another --workspace",
        "the same, a constant": "slow requests",
        "a method": "The experiment goes on: {0}.",
    }
    assert not {way for way, text in ways.items() if text not in sources()}
    assert {text.replace("{", "{{").replace("}", "}}") for text in helps()} <= sources().keys()


@pytest.mark.parametrize("language", languages())
def test_every_parameter_of_every_notebook_has_its_help(language: str) -> None:
    found = [spec.help for path in every_notebook() for spec in read_parameters(path).values()]
    assert len(found) > 50
    assert not {text for text in found if not CHINESE.search(parts_in_language(text, language))}


@pytest.mark.parametrize("language", languages())
def test_every_fault_is_described(language: str) -> None:
    assert all(CHINESE.search(parts_in_language(fault.what, language)) for fault in FAULTS.values())


def test_rows_of_checks_are_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding("volume", VOLUME, "warn", ADVICE)
    rule = Rule("schema", "all requests follow the schema")
    check = Check(
        "port 8888", "in use", ok=False, what_to_do="JupyterLab takes the next free one", needed=False
    )
    english = [finding.as_row(), rule.as_row(), check.as_row()]
    assert english == [
        ("volume", VOLUME, "warn", ADVICE),
        ("schema", "all requests follow the schema", "ok", ""),
        ("port 8888", "in use", "warn", "JupyterLab takes the next free one"),
    ]
    monkeypatch.setenv(VARIABLE, "zh")
    assert [finding.as_row(), rule.as_row(), check.as_row()] == [
        ("数据量", VOLUME_ZH, "warn", ADVICE_ZH),
        ("架构", "所有请求都符合架构", "ok", ""),
        ("端口 8888", "已被占用", "warn", "JupyterLab 会使用下一个空闲端口"),
    ]
    assert finding.found == VOLUME


@pytest.mark.parametrize("language", languages())
def test_every_check_has_a_name_in_the_language(language: str) -> None:
    names = set(_names_of_checks())
    assert {"volume", "missing values", "browser", "live quality"} <= names
    proper = {"Python", "glibc", "requirements.lock"}
    assert {name for name in names if not CHINESE.search(label(name, language))} == proper


def _names_of_checks() -> Iterator[str]:
    """What the checks of data, of requests and of the machine are called, where their findings are made."""
    package = Path(kit.__file__).parent
    for path in (*package.glob("checks/*.py"), *package.glob("monitoring/*.py"), package / "doctor.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = dict(assigned(tree.body))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and called_name(node) in {"Finding", "Check"} and node.args:
                name = known.get(getattr(node.args[0], "id", ""), node.args[0])
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield name.value


def test_alerts_are_shown_in_the_language_and_kept_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    workspace = Workspace(tmp_path)
    found = [
        Finding("volume", f"{VOLUME}.", "warn", ADVICE, "price", expected="120 to 400"),
        Finding("drift", VOLUME, "warn", ADVICE, "price"),
    ]
    AlertNotifier(workspace, Project.load("recommender")).tell(found, "span 3", "01_data")
    desk = AlertDesk(workspace)
    [record], [incident] = desk.records(), desk.incidents()
    assert record["found"] == f"{VOLUME_ZH}；{VOLUME_ZH}"
    assert record["check"] == "数据量, 漂移"
    assert (record["expected"], record["what_to_do"]) == ("120 至 400", ADVICE_ZH)
    assert incident.evidence.found == f"{VOLUME}; {VOLUME}"
    said = desk.decide(incident.id, "acknowledge", "Ann", "known")
    assert said.endswith("它保持打开，不会再次发送。")
    assert desk.incidents()[0].decided.startswith("acknowledge: Ann")
    assert desk.records()[0]["decided"].startswith("确认: Ann")


def test_the_panel_tells_the_help_in_the_language_and_offers_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = (
        'precision: str = "project"  # float precision, one of: project, float32, auto, mixed_float16, '
        "mixed_bfloat16\n"
        "mine: int = 5  # nobody has translated this, 1 to 9"
    )
    namespace: dict[str, Any] = {"In": ["", cell], "precision": "project", "mine": 5}
    desk = ParameterDesk(namespace)
    english = desk.specs()
    monkeypatch.setenv(VARIABLE, "zh")
    precision, mine = desk.specs()
    assert precision.help.startswith("数值精度；可选：project, float32")
    assert precision.choices == english[0].choices
    assert len(precision.choices) == 5
    assert mine.help == "nobody has translated this, 1 to 9"
    assert desk.set("mine", "9") == 9
