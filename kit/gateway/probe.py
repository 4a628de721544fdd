"""Ask a server through its gateway, with and without a token, and collect the answers and the access log's lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kit.gateway.audit import read_log
from kit.gateway.keys import KeyStore
from kit.gateway.plan import Address, GatewayFiles, Plan
from kit.gateway.process import Gateway
from kit.project import Project
from kit.serving.client import Client, NoAnswerError
from kit.serving.settings import Addresses
from kit.serving.transport import Transport
from kit.workspace import Workspace

SUBJECT = "notebook"  # whom the token is for
_SECONDS = 300


def gateway_before(server: Addresses, workspace: Workspace, project: Project) -> Gateway:
    """Return a gateway on a free port in front of a server that is still to be started.

    The workspace gets a key where it has none yet.
    """
    store = KeyStore(GatewayFiles.of(workspace, project.name).keys)
    if not store.kids():
        store.rotate()
    rest, grpc = Address.parse(str(server.rest)), Address.parse(str(server.grpc))
    return Gateway(Plan.of(workspace, project, rest, grpc, Address(0)))


def probe(gateway: Gateway, inputs: Mapping[str, Any], signature: str) -> pd.DataFrame:
    """Send one request by each API: with a token, with one for somebody else's model, and without any.

    Args:
        gateway: the gateway that runs.
        inputs: the inputs of the request.
        signature: the signature that is asked.

    Returns:
        One row per request: the token, the API, the answer.
    """
    plan = gateway.plan
    store, tokens = KeyStore(plan.files.keys), plan.settings.tokens
    headers = {
        f"of {SUBJECT}": _bearer(store.issue(SUBJECT, tokens.issuer, plan.audience, _SECONDS)),
        "for another model": _bearer(store.issue(SUBJECT, tokens.issuer, f"not-{plan.audience}", _SECONDS)),
        "none": {},
    }
    rows = []
    for token, header in headers.items():
        for transport in Transport:
            # A client that knows one transport only learns the signature by that one too, if it is let in.
            address = str(gateway.address)
            with Client(
                Addresses(address, None) if transport == Transport.GRPC else Addresses(None, address),
                plan.models[0],
                headers=header,
                certificate=plan.certificate[0] if plan.certificate else None,
            ) as client:
                rows.append(
                    {
                        "token": token,
                        "way": transport.value,
                        "answer": _answer(client, inputs, signature, transport),
                    }
                )
    return pd.DataFrame(rows)


def audited(gateway: Gateway, newest: int) -> pd.DataFrame:
    """Return the newest lines of the gateway's log as a table."""
    entries = list(read_log(gateway.plan.files.access_log))[-newest:]
    return pd.DataFrame(
        [
            {
                "time": f"{one.time:%H:%M:%S}",
                "subject": one.subject or "-",
                "asked": one.route,
                "version": one.version or "-",
                "status": one.status,
                "ms": one.milliseconds,
                "verdict": one.verdict,
            }
            for one in entries
        ]
    )


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _answer(client: Client, inputs: Mapping[str, Any], signature: str, transport: Transport) -> str:
    try:
        answer = client.predict(inputs, signature=signature, transport=transport)
    except NoAnswerError as error:
        return f"refused, {error.code}"
    return f"version {answer.version}"
