from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kit.batch.report import without_external, write_report
from kit.batch.run import RunOptions, run_chain
from kit.translation.messages import VARIABLE

from .conftest import WriteNotebook

LOADING_OUTPUT = '''from IPython.display import HTML, display
display(HTML("""<b>kept</b><script src="https://example.org/a.js"></script>
<link rel="stylesheet" href="//example.org/b.css"><img src='http://example.org/c.png'>
<iframe src="https://example.org"></iframe>
<style>@import url("https://example.org/d.css"); p {color: red}</style>
<a href="https://example.org/read">a link to click</a>"""))'''
PICTURE = """import matplotlib.pyplot as plt
_ = plt.plot([1, 2])
plt.show()"""


class Loads(HTMLParser):
    """Collects what a browser would fetch when it shows the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "data", "srcset", "poster"} or (name == "href" and tag != "a"):
                self.found.append(value or "")


def test_the_report_opens_offline_and_tells_it_all(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising = "from kit.errors import RowsLostError\nraise RowsLostError('rows <read> are 9, trained 8')"
    path = write_notebook("01_a", "epochs: int = 5", LOADING_OUTPUT, PICTURE, raising)
    record = run_chain([path], {}, tmp_path / "ws", RunOptions(kernel_name="python3"), lambda _: None)
    page = (tmp_path / "ws" / "runs" / record.run_id / "report.html").read_text()

    loads = Loads()
    loads.feed(page)
    assert [url[:22] for url in loads.found] == ["data:image/png;base64,"]
    assert not re.search(r"@import|url\(", page.replace("@import url(&quot;", ""))
    assert "default-src 'none'" in page
    assert "<b>kept</b>" in page
    assert "a link to click" in page
    for fact in (
        record.run_id,
        "RowsLostError",
        "rows &lt;read&gt; are 9",
        "exit code 14",
        "epochs",
        "papermill",
    ):
        assert fact in page

    monkeypatch.setenv(VARIABLE, "zh")
    page = write_report(record, tmp_path / "ws" / "runs" / record.run_id, ()).read_text()
    for fact in ('<html lang="zh-Hans">', "停在 01_a 的第 ", "退出码 14", "<th>笔记本</th>", "RowsLostError"):
        assert fact in page


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        ('a<script src="https://x/y.js"></script>b', "ab"),
        ("a<SCRIPT async src=//x/y.js></SCRIPT>b", "ab"),
        ("a<script>let local = 1</script>b", "a<script>let local = 1</script>b"),
        ('<img src="data:image/png;base64,AA">', '<img src="data:image/png;base64,AA">'),
        ('<a href="https://x">y</a>', '<a href="https://x">y</a>'),
        ("<p style='background: url(https://x/y.png)'>z</p>", "<p style='background: '>z</p>"),
    ],
)
def test_only_what_would_be_fetched_is_dropped(markup: str, left: str) -> None:
    assert without_external(markup) == left
