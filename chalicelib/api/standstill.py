"""The operation that pauses all running executions of a stopped tenant."""

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.executions import reason_of
from chalicelib.api.support import ApiSupport
from chalicelib.core.values.value import value
from chalicelib.usecases.standstill import Standstill


@value
class StandstillApi:
    """The route, over the use case."""

    support: ApiSupport
    standstill: Standstill

    @web.operation
    def pause_tenant(self, request: ApiRequest) -> Response:
        """Pause what runs of a tenant that is stopped, or some of it."""
        tenant, admission = request.path["tenantId"], request.admission
        paused, more = self.standstill.pause_all(tenant, admission.actor, reason_of(request))
        request.record(tenant, {}, {"paused": paused, "reason": reason_of(request)})
        return web.answer({"paused": paused, "more": more})
