"""What the route of dry runs answers."""

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.callers import Callers
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.dryruns.single_step import Given
from chalicelib.core.executions.model import Failure
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import DryRunLimitError
from chalicelib.core.values.json import JsonObject, encode
from chalicelib.core.values.value import value
from chalicelib.ports import Clock, Definitions
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.dry_run_plan import DryRunPlan
from chalicelib.usecases.dry_runs import dry_run

MAX_ANSWER = LIMITS.dry_run_bytes


@value
class DryRunApi:
    """The route, over the definitions that the service keeps."""

    support: ApiSupport
    definitions: DefinitionService
    parsed: Definitions
    clock: Clock
    callers: Callers

    @web.operation
    def dry_run_definition(self, request: ApiRequest) -> Response:
        """Run a definition, or one step of it, with mocks for everything outside; nothing is written."""
        (tenant, definition), body = request.place, request.body
        step = body.get("step")
        record = self.definitions.read_definition(tenant, definition, body.get("version"))
        plan = DryRunPlan(
            tenant,
            definition,
            record.version,
            input=body.get("input", {} if step is None else None),
            mocks=body["mocks"],
            started_by=self.callers.actor(request),
            step=step,
            given=_given(body),
        )
        answer = dry_run(self.parsed, plan, self.clock.now(), self.clock).json(one=step is not None)
        if len(encode(answer)) > MAX_ANSWER:
            raise DryRunLimitError(f"what came of it has more than {MAX_ANSWER:,} bytes: run one step after the other")
        return web.answer(answer)


def _given(body: JsonObject) -> Given:
    """Read what the only step finds."""
    index, error = body.get("index"), body.get("error")
    if index is None and "item" in body:
        index = 0
    failure = None if error is None else Failure(**error)
    return Given(body.get("incoming"), body["stash"], body.get("item"), index, failure)
