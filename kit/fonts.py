"""Font stacks of the HTML pages that the kit writes: the reader's system fonts, with Chinese ones by name."""

from __future__ import annotations

SANS = (
    'system-ui, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", '
    "sans-serif"
)
