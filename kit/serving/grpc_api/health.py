"""The standard health service: SERVING while every model has a version that takes traffic."""

from __future__ import annotations

from collections.abc import Sequence

from grpc_health.v1 import health, health_pb2

from kit.serving.following import Follower
from kit.serving.manager import Manager

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
_SECONDS = 0.5


class Health:
    """Follows the manager, so that clients that watch learn of a change."""

    def __init__(self, manager: Manager, services: Sequence[str]) -> None:
        """Create the service; it is NOT_SERVING until `start`.

        Args:
            manager: the manager whose models count.
            services: the names that clients may ask for; the empty one is the whole server.
        """
        self.servicer = health.HealthServicer()
        # The whole server last: whoever sees it change finds all services changed.
        self._manager, self._services, self._told = manager, (*services, ""), NOT_SERVING
        self._follower = Follower()
        self._tell(NOT_SERVING)

    def start(self) -> None:
        self._look()
        self._follower.follow(self._look, _SECONDS)

    def stop(self) -> None:
        """Report NOT_SERVING from now on, so that load balancers send no more requests."""
        self._follower.stop()
        self.servicer.enter_graceful_shutdown()

    def _look(self) -> None:
        now = SERVING if self._manager.ready() else NOT_SERVING
        if now != self._told:
            self._tell(now)

    def _tell(self, status: int) -> None:
        self._told = status
        for service in self._services:
            self.servicer.set(service, status)
