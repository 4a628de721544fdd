"""The two ways to reach a server: a gRPC channel, and an HTTP connection that is kept open."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

import grpc

from kit.errors import KitError
from kit.serving.transport import Transport


class NoAnswerError(KitError):
    """A server did not answer a request.

    Attributes:
        transport: how it was asked.
        code: the status, such as NOT_FOUND or 404; empty when the server sent nothing.
        message: the server's own words.
    """

    def __init__(self, transport: Transport, code: str, message: str) -> None:
        super().__init__(transport, code, message)
        self.transport, self.code, self.message = transport, code, message

    def __str__(self) -> str:
        said = f"{self.code}: {self.message}" if self.code else self.message
        return (
            f"The server should have answered by {self.transport}, but: {said.rstrip('.')}. "
            "Correct the request, or see in the server's log why it cannot answer."
        )


@dataclass(frozen=True)
class Connection:
    """What both connections share.

    Attributes:
        address: host:port, or None when the server does not offer this transport.
        headers: sent with every request, names in lower case.
        certificate: the certificate of the authority that signed the server's; None: nothing is encrypted.
        timeout_seconds: how long an answer may take.
    """

    address: str | None
    headers: Mapping[str, str]
    certificate: Path | None
    timeout_seconds: float
    _kept: list[Any] = field(default_factory=list)  # the open connection: none or one

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        while self._kept:
            self._kept.pop().close()

    def _reachable(self, transport: Transport) -> str:
        if self.address is None:
            raise NoAnswerError(transport, "", "it has no address for that")
        return self.address


class ByGrpc(Connection):
    """Calls the methods of gRPC stubs."""

    def call(self, stub: Any, method: str, request: Any) -> Any:
        """Return the response.

        Args:
            stub: the class of the service's stub.
            method: the method's name.
            request: the request message.

        Raises:
            NoAnswerError: when the call fails.
        """
        try:
            call = getattr(stub(self._channel()), method)
            return call(request, self.timeout_seconds, metadata=tuple(self.headers.items()))
        except grpc.RpcError as error:
            code, details = error.code().name, str(error.details())
        # Raised outside the except block, or gRPC's exception would become its context. That cannot be pickled, and
        # where Dask is imported, exceptions are pickled with their context.
        raise NoAnswerError(Transport.GRPC, code, details)

    def _channel(self) -> Any:
        if not self._kept:
            address = self._reachable(Transport.GRPC)
            if self.certificate:
                secret = grpc.ssl_channel_credentials(self.certificate.read_bytes())
                self._kept.append(grpc.secure_channel(address, secret))
            else:
                self._kept.append(grpc.insecure_channel(address))
        return self._kept[0]


class ByRest(Connection):
    """Sends HTTP requests, one after the other."""

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[Any, dict[str, str]]:
        """Return the answer's JSON and its headers, names in lower case.

        Raises:
            NoAnswerError: when the server refuses the request, or cannot be reached.
        """
        fresh = not self._kept
        try:
            connection = self._connection()
            connection.request(method, path, body, {"content-type": "application/json", **self.headers})
            response = connection.getresponse()
            text = response.read()
        except (OSError, HTTPException) as error:
            self.close()
            # The server had closed it while it was idle; one that takes too long would take as long again.
            if not fresh and not isinstance(error, TimeoutError):
                return self.ask(method, path, body)
            raise NoAnswerError(Transport.REST, "", f"{type(error).__name__}: {error}") from None
        if response.status != HTTPStatus.OK:
            raise NoAnswerError(Transport.REST, str(response.status), _error_of(text))
        return json.loads(text), {name.lower(): value for name, value in response.getheaders()}

    def _connection(self) -> HTTPConnection:
        if not self._kept:
            address = self._reachable(Transport.REST)
            if self.certificate:
                trusted = ssl.create_default_context(cafile=str(self.certificate))
                self._kept.append(HTTPSConnection(address, timeout=self.timeout_seconds, context=trusted))
            else:
                self._kept.append(HTTPConnection(address, timeout=self.timeout_seconds))
        connection: HTTPConnection = self._kept[0]
        return connection


def _error_of(text: bytes) -> str:
    """Return the message of an error answer, which is not JSON when it comes from a gateway."""
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace") or "nothing more"
