"""What the tables of all views share."""

from __future__ import annotations

from widgets.parts.markup import Child, Markup, tag


def scrollable(
    content: Child, label: str, *, class_: str | None = "kit-scroll", element: str = "div"
) -> Markup:
    """A box in which what is wider than the page is scrolled.

    A view that is drawn anew leaves the first box of the class `kit-scroll` where it was scrolled to; the class of
    those within it or beside it is `kit-scroll-x`.
    """
    # Reachable with the keyboard, so that it can be scrolled without a pointer; a role and a name say what is reached.
    return tag(element, content, class_=class_, tabindex=0, role="group", aria_label=label)
