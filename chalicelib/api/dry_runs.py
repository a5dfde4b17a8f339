"""What the route of dry runs answers."""

import re
from dataclasses import fields
from typing import Any

from chalice.app import Request, Response

from chalicelib.api import http as web
from chalicelib.core.dryruns.single_step import Given
from chalicelib.core.executions.model import Failure
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import DryRunLimitError, InvalidError
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import value
from chalicelib.ports import Clock, Definitions
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.dry_run_plan import DryRunPlan
from chalicelib.usecases.dry_runs import dry_run

MAX_ANSWER = LIMITS.dry_run_bytes

OF_ONE_STEP = ("incoming", "stash", "item", "index", "error")
"""Members that say what the only step finds."""


@value
class DryRunApi:
    """The route, over the definitions that the service keeps."""

    definitions: DefinitionService
    parsed: Definitions
    clock: Clock

    @web.explained
    def test(self, request: Request, tenant: str, definition: str) -> Response:
        """Run a definition, or one step of it, with mocks for everything outside; nothing is written."""
        tenant, definition = web.path_param(tenant, "tenantId"), web.path_param(definition, "definition")
        body = web.members(request, "input", "version", "step", "mocks", *OF_ONE_STEP)
        version, step = _version(body.get("version")), _step(body)
        given = _given(body)
        record = self.definitions.read_definition(tenant, definition, version)
        trial = DryRunPlan(
            tenant,
            definition,
            record.version,
            input=body.get("input", {} if step is None else None),
            mocks=body.get("mocks", {}),
            started_by=web.actor(request),
            step=step,
            given=given,
        )
        answer = dry_run(self.parsed, trial, self.clock.now(), self.clock).json(one=step is not None)
        if len(encode(answer)) > MAX_ANSWER:
            raise DryRunLimitError(f"what came of it has more than {MAX_ANSWER:,} bytes: run one step after the other")
        return web.answer(answer)


def _version(version: Json) -> int | None:
    if version is not None and (type(version) is not int or not 1 <= version <= web.MAX_VERSION):
        raise InvalidError(f"version is a whole number from 1 to {web.MAX_VERSION}")
    return version


def _step(body: dict[str, Json]) -> str | None:
    """Read which step is the only one to run."""
    step = body.get("step")
    if step is not None and not isinstance(step, str):
        raise InvalidError("step is the path of a step, or its id")
    if step is None and (others := [name for name in OF_ONE_STEP if name in body]):
        raise InvalidError(f"{others[0]} says what one step finds: name the step")
    return step


def _given(body: dict[str, Json]) -> Given:
    """Read what the only step finds."""
    stash, index = body.get("stash", {}), body.get("index")
    if not isinstance(stash, dict):
        raise InvalidError("stash is an object: what the step finds, by name")
    if wrong := [name for name in stash if not re.fullmatch(web.STASH_NAME, name)]:
        raise InvalidError(f"{wrong[0]!r} is no name in a stash: letters, digits and _, and no digit first")
    if index is not None and (type(index) is not int or not 0 <= index <= web.MAX_VERSION):
        raise InvalidError("index is the number of the item, from 0")
    if index is None and "item" in body:
        index = 0
    return Given(body.get("incoming"), stash, body.get("item"), index, _error(body.get("error")))


def _error(error: Json) -> Failure | None:
    """Read the error that the step sees as caught."""
    if error is None:
        return None
    known = [each.name for each in fields(Failure)]
    if not isinstance(error, dict) or not isinstance(error.get("name"), str):
        raise InvalidError(f"error is an object with a name; it takes {', '.join(known)}")
    if unknown := error.keys() - set(known):
        raise InvalidError(f"error has no {min(unknown)!r}: it takes {', '.join(known)}")
    members: dict[str, Any] = {"message": "", "step": "", "attempt": 1, **error}
    if not all(isinstance(members[name], str) for name in ("message", "step")) or type(members["attempt"]) is not int:
        raise InvalidError("of an error, message and step are texts, and attempt is a whole number")
    return Failure(**members)
