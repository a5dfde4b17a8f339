"""What the route of health answers."""

from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.records.incident import OpenIncident
    from chalicelib.core.values.json import Json
    from chalicelib.core.values.queue_depth import QueueDepth

COUNTED = 100
"""Open incidents of each group of tenants that are counted: whoever asks need not be known."""


@value
class HealthApi:
    """The route."""

    support: ApiSupport
    health_checks: Callable[[], Mapping[str, str]]
    all_open: "Callable[[int], Sequence[OpenIncident]]"
    """Finds the open incidents of all tenants, so many of each of some groups at most."""
    queue_depths: "Callable[[], Mapping[str, QueueDepth]]"

    @web.operation
    def health(self, request: ApiRequest) -> Response:  # noqa: ARG002 - every route takes one
        """Tell whether every table and queue answers."""
        states: dict[str, Json] = dict(self.health_checks())
        if all(state == "ok" for state in states.values()):
            counts: dict[str, Json] = {"queues": self._queues(), "incidents": self._incidents()}
            body: dict[str, Json] = {"status": "ok", "parts": states, **counts}
            return web.answer(body, headers={"Cache-Control": "no-store"})
        failing = ", ".join(name for name, state in states.items() if state != "ok")
        return web.problem(
            "sedo is not healthy", f"not working: {failing}", HTTPStatus.SERVICE_UNAVAILABLE, parts=states
        )

    def _incidents(self) -> "Json":
        """Count the open incidents by kind; None: they cannot be read."""
        try:
            return dict(Counter(each.key.kind.value for each in self.all_open(COUNTED)))
        except UnavailableError:
            return None

    def _queues(self) -> "Json":
        """Count the messages of each queue; None: they cannot be counted."""
        try:
            found = self.queue_depths()
        except UnavailableError:
            return None
        return {
            name: {"waiting": depth.waiting, "delayed": depth.delayed, "inFlight": depth.in_flight}
            for name, depth in found.items()
        }
