"""What a running server says about a model's versions: it alone knows which ones it could not load.

The status of a model is asked through REST, which the real TensorFlow Serving answers too, and which needs no import of
TensorFlow.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException

from kit.errors import UsageError
from kit.os_errors import reason_of

_SECONDS = 10.0
_LETTERS = 500  # of an error's body


class NoStatusError(UsageError):
    """A server's address does not answer as a server of the model does."""


def states_on(server: str, model: str) -> dict[int, str]:
    """Return the state of each version that a server knows, such as AVAILABLE, with the error where it has one.

    Args:
        server: its address for REST, `HOST:PORT` or with `http://` before it.
        model: the name that it serves the model by.

    Raises:
        NoStatusError: when nothing answers there, or something else does.
    """
    base = server if server.startswith(("http://", "https://")) else f"http://{server}"
    address = f"{base.rstrip('/')}/v1/models/{urllib.parse.quote(model, safe='')}"
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310  http or https
            states = json.load(answer)["model_version_status"]
            return {int(one["version"]): _told(one) for one in states}
    except urllib.error.HTTPError as error:
        reason = " ".join((str(error.code), *error.read(_LETTERS).decode(errors="replace").split()))
    except (OSError, HTTPException) as error:
        reason = reason_of(error)
    except (ValueError, KeyError, TypeError) as error:
        reason = f"the answer is not the status of a model: {error!r}"
    raise NoStatusError(
        f"A server must report the states of {model} at {address}, but: {reason}. Give --server its address for REST, "
        "which `kit serve` prints, or start one."
    )


def _told(one: dict[str, object]) -> str:
    status = one.get("status")
    message = status.get("error_message") if isinstance(status, dict) else ""
    return f"{one['state']}: {message}" if message else str(one["state"])
