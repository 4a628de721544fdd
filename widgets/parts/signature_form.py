"""The form of a signature: what to fill in, and why a text is not valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from widgets.parts import controls
from widgets.parts.formats import count, shorten
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import scrollable, titled_table
from widgets.values.signatures import Field, Signature, Tensor

VALUE_LETTERS = 300  # of a value in a static face
_TENSORS = 40  # listed of one signature


def fields_table(
    signature: Signature, fields: Sequence[Field], texts: Mapping[str, str], wrong: Mapping[str, str]
) -> Markup:
    """The fields of a page, to write in."""
    rows = [
        _field(signature.name, field, texts.get(field.name, ""), wrong.get(field.name, ""))
        for field in fields
    ]
    return scrollable(
        titled_table((say("Field"), say("Value")), rows, class_="form"),
        say("Request"),
        class_="kit-scroll-x",
    )


def static_fields(fields: Sequence[Field], texts: Mapping[str, str], wrong: Mapping[str, str]) -> Markup:
    """The fields as they were sent."""
    rows = [static_field(field, texts, wrong) for field in fields]
    return scrollable(
        titled_table((say("Field"), say("Value")), rows, class_="form"),
        say("Request"),
        class_="kit-scroll-x",
    )


def static_field(field: Field, texts: Mapping[str, str], wrong: Mapping[str, str]) -> Markup:
    text = shorten(texts.get(field.name, ""), VALUE_LETTERS) or tag("span", say("missing"), class_="note")
    return tag("tr", _name(field), tag("td", text, _why(wrong.get(field.name, ""))))


def tensors(signature: Signature) -> Markup:
    """What the signature takes and gives."""
    listed = [(say("Input"), tensor) for tensor in signature.inputs] + [
        (say("Output"), tensor) for tensor in signature.outputs
    ]
    rows = [_tensor(kind, tensor) for kind, tensor in listed[:_TENSORS]]
    more = len(listed) - _TENSORS
    caption = say("Inputs and outputs of {name}", name=signature.name)
    table = titled_table((say("Tensor"), say("Is"), say("Type"), say("Shape")), rows)
    note = tag("p", say("{amount} more", amount=count(more, "tensor")), class_="note") if more > 0 else None
    return join([scrollable(table, caption, class_="kit-scroll-x"), note])


def takes(signature: Signature) -> str:
    """What is sent, in a sentence."""
    if not signature.is_serialized:
        return say("{inputs}, one row.", inputs=count(len(signature.inputs), "input"))
    names = ", ".join(tensor.name for tensor in signature.inputs)
    return say(
        "Sent as one serialized tf.Example in the input {names}; an empty value is left out of it.",
        names=names,
    )


def _field(signature: str, field: Field, text: str, wrong: str) -> Markup:
    box = tag(
        "input",
        type="text",
        value=text,
        placeholder=field.hint or say("missing"),
        autocomplete="off",
        **controls.cell("written", signature, field.name, over=controls.ROW),
        data_key=f"{signature} {field.name}",
        aria_label=field.name,
        aria_invalid="true" if wrong else None,
        title=field.hint or None,
    )
    return tag("tr", _name(field), tag("td", box, _why(wrong), class_="wrong" if wrong else None))


def _name(field: Field) -> Markup:
    return tag("th", tag("b", field.name), tag("small", " ", field.dtype), scope="row")


def _why(wrong: str) -> Markup | None:
    return tag("small", f"✗ {wrong}", class_="bad") if wrong else None


def _tensor(kind: str, tensor: Tensor) -> Markup:
    return tag(
        "tr",
        tag("th", tensor.name, scope="row"),
        [tag("td", text) for text in (kind, tensor.dtype, tensor.shape)],
    )
