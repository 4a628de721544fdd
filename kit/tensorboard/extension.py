"""The Jupyter server extension that forwards authenticated requests to TensorBoard's socket.

jupyter-server-proxy does the forwarding. Its own routes would start one server for all kernels; here the kernel that
shows a board owns it.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.utils import url_path_join
from jupyter_server_proxy.handlers import ProxyHandler
from tornado import httputil, web

from kit.tensorboard import folders

_CREDENTIALS = ("Cookie", "Authorization")


class BoardHandler(ProxyHandler):
    """One request to one board; the base class lets nobody in without Jupyter's token.

    TensorBoard's POST requests only read, so that the missing token against forged requests does no harm.
    """

    async def http_get(self, board: str, path: str) -> None:
        await self._pass_on(board, path)

    async def post(self, board: str, path: str) -> None:
        await self._pass_on(board, path)

    async def open(self, port: str, proxied_path: str) -> None:
        """Refuse websockets, which TensorBoard does not use."""
        del port, proxied_path
        self.close()

    def proxy_request_headers(self) -> httputil.HTTPHeaders:
        """Return the headers of the request without Jupyter's credentials."""
        headers: httputil.HTTPHeaders = super().proxy_request_headers()
        for name in _CREDENTIALS:
            headers.pop(name, None)
        return headers

    async def _pass_on(self, board: str, path: str) -> None:
        if not folders.answers(board):
            raise web.HTTPError(404, "This TensorBoard has ended with its kernel. Run its cell again.")
        self.unix_socket = str(folders.folder_of(board) / folders.SOCKET)
        await self.proxy("localhost", 80, path)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    base = server.web_app.settings["base_url"]
    route = url_path_join(base, folders.ROUTE, "([0-9a-f]{16})", "(.*)")
    server.web_app.add_handlers(".*$", [(route, BoardHandler)])
