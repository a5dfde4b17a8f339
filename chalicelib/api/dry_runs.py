"""What the route of dry runs answers."""

from collections.abc import Sequence

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import MAX_BODY_BYTES, ApiRequest
from chalicelib.api.parsing import Places, read_yaml
from chalicelib.api.support import ApiSupport
from chalicelib.api.values import value_answer, value_link
from chalicelib.core.definitions.model import Definition
from chalicelib.core.dryruns.single_step import Given
from chalicelib.core.executions.model import Failure
from chalicelib.core.limits import beyond
from chalicelib.core.records.shown import MAX_ANSWER, dry_run_slots, shorten
from chalicelib.core.values.errors import (
    AnswerTooLargeError,
    DryRunLimitError,
    InvalidDefinitionError,
    InvalidError,
    MalformedError,
)
from chalicelib.core.values.json import Json, JsonObject, Problem
from chalicelib.core.values.value import copy_with, value
from chalicelib.ports import Clock, Definitions
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.dry_run_plan import DryRunPlan
from chalicelib.usecases.dry_runs import dry_run
from chalicelib.usecases.values import held, pick

BELOW = "/definition"
"""Where a definition stands that is not kept."""


@value
class DryRunApi:
    """The route, over the definitions that the service keeps."""

    support: ApiSupport
    definitions: DefinitionService
    parsed: Definitions
    clock: Clock

    @web.operation
    def dry_run_definition(self, request: ApiRequest) -> Response:
        """Run a definition, or one step of it, with mocks for everything outside; nothing is written."""
        return web.answer(_shown(*request.place, self._report(request)))

    @web.operation
    def read_dry_run_value(self, request: ApiRequest) -> Response:
        """Do the same, and read a value of what came of it."""
        found = held(request.path["tenantId"], pick(self._report(request), request.query["at"]))
        return value_answer(request, found, self.clock.now())

    def _report(self, request: ApiRequest) -> JsonObject:
        """Run it."""
        (tenant, definition), body = request.place, request.body
        step, posted = body.get("step"), None
        if "definition" in body:
            version, posted = self._posted(request, body["definition"])
        else:
            version = self.definitions.read_definition(tenant, definition, body.get("version")).version
        plan = DryRunPlan(
            tenant,
            definition,
            version,
            input=body.get("input", {} if step is None else None),
            mocks=body["mocks"],
            started_by=request.admission.actor,
            step=step,
            given=_given(body),
        )
        readable = _Readable(self.parsed, request, posted)
        return dry_run(readable, plan, self.clock.now(), self.clock).json(one=step is not None)

    def _posted(self, request: ApiRequest, given: JsonObject | str) -> tuple[int, Definition]:
        """Read a definition that is not kept, an object or text in YAML, with the version that it would have.

        Raises:
            InvalidDefinitionError: with every problem of it, below ``/definition``, and of a text at its line.
            InvalidError: it is another one than the request is about.
        """
        tenant, definition = request.place
        document, places = _read(given) if isinstance(given, str) else (given, None)
        if request.body.get("version") is not None:
            raise InvalidError(
                problems=[Problem("/version", "a definition is run in place of it: leave one of them out")]
            )
        if isinstance(document, dict) and document.get("id") != definition:
            about = [Problem("/definition/id", f"the request is about {definition!r}")]
            raise InvalidError(problems=_located(about, places))
        grant = request.admission.grant
        try:
            return self.definitions.parse_posted(
                tenant, document, lambda name: name == definition or grant.allows("definitions:read", name)
            )
        except InvalidDefinitionError as error:
            raise InvalidDefinitionError(problems=_located(error.problems, places)) from None


@value
class _Readable:
    """The definition that a request is about, and those of child executions that the caller may read."""

    parsed: Definitions
    request: ApiRequest
    posted: Definition | None = None
    """What stands for every version of that definition."""

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Answer a version.

        Raises:
            MissingRightError: the caller may not read it.
        """
        if self.posted is not None and definition_id == self.posted.id:
            return self.posted
        self._require(definition_id)
        return self.parsed.get(tenant_id, definition_id, version)

    def newest(self, tenant_id: str, definition_id: str) -> int:
        """Tell the newest version.

        Raises:
            MissingRightError: the caller may not read it.
        """
        self._require(definition_id)
        return self.parsed.newest(tenant_id, definition_id)

    def _require(self, definition: str) -> None:
        if definition != self.request.place[1]:
            self.request.admission.require(definition, "definitions:read")


def _read(text: str) -> tuple[Json, Places]:
    """Read a definition that is text.

    Raises:
        InvalidDefinitionError: it is no YAML.
        TooLargeError: it is longer than one that is kept may be.
    """
    try:
        return read_yaml(text.encode(errors="surrogatepass"), MAX_BODY_BYTES)
    except MalformedError as error:
        problems = [copy_with(each, pointer=f"{BELOW}{each.pointer}") for each in error.problems]
        raise InvalidDefinitionError(problems=problems) from None


def _located(problems: Sequence[Problem], places: Places | None) -> Sequence[Problem]:
    """Give problems of a definition that was text the lines in that."""
    if places is None:
        return problems
    found = places.locate([copy_with(each, pointer=each.pointer.removeprefix(BELOW)) for each in problems])
    return [copy_with(each, pointer=f"{BELOW}{each.pointer}") for each in found]


def _shown(tenant: str, definition: str, report: JsonObject) -> Json:
    """Write what came of a run without values that an answer does not hold: a link runs it again, for one of them."""
    route = f"/sedo/tenants/{tenant}/definitions/{definition}/test/values"
    try:
        return shorten(tenant, report, dry_run_slots, lambda place: value_link(route, place))
    except AnswerTooLargeError:
        raise DryRunLimitError(
            beyond("dry_run_size", f"what came of it has more than {MAX_ANSWER:,} bytes, without large values")
        ) from None


def _given(body: JsonObject) -> Given:
    """Read what the only step finds."""
    index, error = body.get("index"), body.get("error")
    if index is None and "item" in body:
        index = 0
    failure = None if error is None else Failure(**error)
    return Given(body.get("incoming"), body["stash"], body.get("item"), index, failure)
