"""What the route of health answers."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json


@value
class HealthApi:
    """The route."""

    support: ApiSupport
    health_checks: Callable[[], Mapping[str, str]]

    @web.operation
    def health(self, request: ApiRequest) -> Response:  # noqa: ARG002 - every route takes one
        """Tell whether every table and queue answers."""
        states: dict[str, Json] = dict(self.health_checks())
        if all(state == "ok" for state in states.values()):
            return web.answer({"status": "ok", "parts": states}, headers={"Cache-Control": "no-store"})
        failing = ", ".join(name for name, state in states.items() if state != "ok")
        return web.problem(
            "sedo is not healthy", f"not working: {failing}", HTTPStatus.SERVICE_UNAVAILABLE, parts=states
        )
