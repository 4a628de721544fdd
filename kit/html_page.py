"""The frame of the HTML pages that the kit writes: each opens offline, and fetches nothing."""

from __future__ import annotations

from html import escape

_FONTS = "FONTS"  # in a style
_SYSTEM = (  # fonts of the reader, Chinese ones by name
    'system-ui, "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", '
    "sans-serif"
)
_NOTHING = "default-src 'none'; style-src 'unsafe-inline'"


def page(title: str, style: str, body: str, *, language: str, policy: str = _NOTHING) -> str:
    """Return a whole page.

    Args:
        title: a text, which becomes markup here.
        style: CSS, in which `FONTS` stands for a stack of fonts.
        body: the markup inside it.
        language: the `lang` of the page.
        policy: what the browser may do; nothing is fetched and no script runs unless it says so.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(title)}</title><style>{style.replace(_FONTS, _SYSTEM)}</style></head>"
        f"<body>{body}</body></html>\n"
    )
