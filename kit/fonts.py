"""The fonts of the pages that the kit writes: those of the reader's system, and Chinese ones by name."""

from __future__ import annotations

SANS = (
    'system-ui, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", '
    "sans-serif"
)
