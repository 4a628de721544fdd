"""The form in which a person signs a decision: a name, a reason, and the buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

from widgets.parts import controls
from widgets.parts.language import say
from widgets.parts.markup import Markup, prose, tag

_SAME_PRESS = 1.0  # after an answer, within which the same request counts as a double press


def decision_form(
    label: str,
    signature: tuple[str, str],
    actions: Mapping[str, str],
    key: str = "",
    beside: Markup | None = None,
) -> Markup:
    """A form whose buttons set the trait `asked` to [action, key]; the name is in the trait `who`, the reason in `why`.

    Args:
        label: what is decided, for assistive technology.
        signature: the name and the reason written so far.
        actions: the button label of each action.
        key: the key of what is decided on.
        beside: another button after those.
    """
    buttons = [
        controls.button("asked", [action, key], text, key=f"{action} {key}")
        for action, text in actions.items()
    ]
    who, why = signature
    fields = [
        _text_box("who", say("Your name"), who, key, 140),
        _text_box("why", say("Reason"), why, key, 240),
    ]
    return tag("div", fields, buttons, beside, class_="kit-controls", role="group", aria_label=label)


def attempt(action: Callable[[], str]) -> tuple[bool, str]:
    """Do what a person asked for; return whether it was done, and a message.

    Any error is shown in the view: the person who pressed the button sees nothing else.
    """
    try:
        return True, action()
    except Exception as error:  # noqa: BLE001
        return False, words_of(error)


class AttemptedOnce:
    """Does what a person asked for once, even if the button was pressed twice.

    People who see no answer at once press again, and the second press waits until the kernel has taken the first.
    """

    def __init__(self) -> None:
        self._done: tuple[object, float, tuple[bool, str]] | None = None

    def attempt(self, request: object, action: Callable[[], str]) -> tuple[bool, str]:
        """Carry out a request, unless the same was done a moment ago; return whether it was done, and a message."""
        if self._done is not None:
            done, when, outcome = self._done
            if request == done and monotonic() - when < _SAME_PRESS:
                return outcome
        outcome = attempt(action)
        self._done = (request, monotonic(), outcome) if outcome[0] else None
        return outcome


def words_of(error: Exception) -> str:
    """Return an error's text, in the reader's language if the error can translate itself, like the kit's errors."""
    in_words: Callable[[], str] = getattr(error, "in_words", error.__str__)
    return in_words() or type(error).__name__


def told(done: bool, text: str) -> Markup | None:
    """The outcome of the last decision, announced to assistive technology at once."""
    if not text:
        return None
    return tag("p", "✓ " if done else "✗ ", prose(text), class_="good" if done else "bad", role="alert")


def _text_box(trait: str, label: str, value: str, key: str, width: int) -> Markup:
    box = tag(
        "input",
        type="text",
        value=value,
        data_trait=trait,
        data_key=f"{trait} {key}",
        autocomplete="off",
        style=f"width:{width}px",
    )
    return tag("label", tag("span", label), box)
