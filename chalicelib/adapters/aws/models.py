"""What AWS can be asked, as botocore's own models say: no client is made, nothing is called."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.aws.allow import ACTIONS, concerns, lists_all, refusal
from chalicelib.core.definitions.diagnostics import Suggestions
from chalicelib.core.definitions.grammar import nested_lists
from chalicelib.core.expressions.template import is_templated
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.json import Json, Path, Problem, pointer

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel, Shape

MODELS = LIMITS.aws_services
"""That are kept."""
WORDS = 50
"""That a message tells of those which a parameter takes."""
_SHOWN = 80
"""Characters of a value that a message shows."""

_NUMBERS = frozenset({"float", "double"})
_WHOLE = frozenset({"integer", "long"})
_WORDS: Mapping[str, str] = {
    "blob": "a text, or {base64: …}",
    "boolean": "true or false",
    "double": "a number",
    "float": "a number",
    "integer": "a whole number",
    "list": "a list",
    "long": "a whole number",
    "map": "an object",
    "string": "a text",
    "structure": "an object",
    "timestamp": "an instant, as RFC 3339 text",
}

_CALLED: Mapping[str, str] = {
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "cognito": "cognito-idp",
    "eventbridge": "events",
    "parameterstore": "ssm",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}
"""Other names of services, and what boto3 calls them."""


@cache
def loader() -> "Loader":
    """Answer what reads botocore's models; it keeps those that it has read."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - slow to load, and needed by few

    return create_loader()


@cache
def services() -> Sequence[str]:
    """List the services, by their names in boto3."""
    return tuple(loader().list_available_services("service-2"))


@lru_cache(MODELS)
def service_model(service: str) -> "ServiceModel":
    """Read the model of a service; the last ones are kept, as the largest take some megabytes."""
    from botocore.loaders import create_loader  # noqa: PLC0415 - see above
    from botocore.model import ServiceModel  # noqa: PLC0415 - see above

    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)  # a loader forgets nothing


@lru_cache(MODELS)
def actions(service: str) -> Mapping[str, str]:
    """List the actions of a service: from both spellings, ``PutItem`` and ``put_item``, to the first."""
    names = service_model(service).operation_names
    return {called(name): name for name in names} | {name: name for name in names}


def called(action: str) -> str:
    """Name the method of boto3's clients that calls an action: ``put_item``."""
    from botocore import xform_name  # noqa: PLC0415 - see above

    return xform_name(action)


@cache
def paginated(service: str) -> frozenset[str]:
    """List the actions of a service that answer in pages."""
    from botocore.exceptions import UnknownServiceError  # noqa: PLC0415 - see above

    try:
        found: Mapping[str, Any] = loader().load_service_model(service, "paginators-1")["pagination"]
    except UnknownServiceError:
        return frozenset()
    return frozenset(found)


def problems(
    document: Mapping[str, Any], patterns: Sequence[str], tenant: Sequence[str] | None = None
) -> Sequence[Problem]:
    """Find what is wrong with the `aws` steps of a valid definition: so many problems at most as are told.

    Args:
        document: the definition.
        patterns: the actions that the installation allows.
        tenant: those that its tenant may call; None: all of them.
    """
    steps = [(path, step) for path, step in _steps(document["steps"], ("steps",)) if step["type"] == "aws"]
    known = list(dict.fromkeys(step["service"] for _, step in steps))[:MODELS]
    check = _Check(patterns, tenant)
    found = (
        Problem(pointer((*path, *place)), message)
        for path, step in steps
        for place, message in (check.step(step) if step["service"] in known else _one_too_many())
    )
    return list(islice(found, LIMITS.problems))


_Found = Iterator[tuple[Path, str]]


def _steps(steps: Sequence[Mapping[str, Any]], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for index, step in enumerate(steps):
        yield (*path, index), step
        for below, _, inner in nested_lists(step):
            yield from _steps(cast("list[Mapping[str, Any]]", inner), (*path, index, *below))


def _one_too_many() -> _Found:
    yield ("service",), beyond("aws_services", f"the steps of a definition call {MODELS} services at most")


class _Check:
    """Holds steps against models; it compares no more names than :class:`.Suggestions` does."""

    def __init__(self, patterns: Sequence[str], tenant: Sequence[str] | None) -> None:
        self._patterns, self._tenant = patterns, tenant
        self._near = Suggestions()

    def step(self, step: Mapping[str, Any]) -> _Found:
        """Check a step."""
        service, action = step["service"], step["action"]
        if is_templated(service) or is_templated(action):
            place = "service" if is_templated(service) else "action"
            yield (place,), f"{place} is no template: what may be called, and with what, is looked up beforehand"
        elif service not in services():
            other = _CALLED.get(service.replace("-", ""))
            right = f": write {other}" if other else self._near(service, services())
            yield ("service",), f"boto3 knows no service {service!r}{right}"
        elif not concerns(self._patterns, service):  # its model, which may be large, is not even read
            yield ("service",), f"{service} may not be called here: {ACTIONS} names no action of it"
        elif action not in actions(service):
            yield ("action",), f"{service} has no action {action!r}{self._near(action, actions(service))}"
        else:
            name = actions(service)[action]
            model, given = service_model(service).operation_model(name), step.get("parameters", {})
            lists = lists_all(f"{service}:{name}", model, given)
            if reason := refusal(self._patterns, self._tenant, f"{service}:{name}", ACTIONS, lists=lists):
                yield ("action",), reason
            if step.get("paginate") is True and name not in paginated(service):
                yield ("paginate",), f"{service}:{name} does not answer in pages"
            shape = model.input_shape
            if shape is None and given and not is_whole_template(given):
                yield ("parameters",), f"{service}:{name} takes no parameters"
            if shape is not None and not is_whole_template(given):
                yield from ((("parameters", *place), message) for place, message in self._shape(shape, given, ()))

    def _shape(self, shape: "Shape", value: Any, path: Path) -> _Found:  # noqa: ANN401 - any JSON
        """Hold a value against a shape; a template may become anything, null stands for nothing at all."""
        if value is None or is_whole_template(value) or getattr(shape, "is_document_type", False):
            return
        kind = shape.type_name
        if not _is(kind, value):
            yield path, f"this is {_WORDS.get(kind, kind)}, not {_written(value)}{_right(kind, value)}"
        elif kind == "structure":
            yield from self._structure(shape, value, path)
        elif kind == "list":
            for index, item in enumerate(value):
                yield from self._shape(shape.member, item, (*path, index))  # type: ignore[attr-defined] # of lists
        elif kind == "map":
            for key, member in value.items():
                yield from self._shape(shape.value, member, (*path, key))  # type: ignore[attr-defined] # of maps
        elif kind == "string" and (words := getattr(shape, "enum", ())) and value not in words:
            yield path, f"{_written(value)} is none of {_listed(words)}{self._near(value, words)}"

    def _structure(self, shape: "Shape", value: Mapping[str, Any], path: Path) -> _Found:
        members: Mapping[str, Shape] = shape.members  # type: ignore[attr-defined] # of structures
        for name, member in value.items():
            if name not in members:
                yield (*path, name), f"there is no parameter {name!r} here{self._near(name, members)}"
            else:
                yield from self._shape(members[name], member, (*path, name))
        for name in shape.required_members:
            if value.get(name) is None and not _is_token(members[name]):
                yield path, f"the parameter {name!r} is missing"
        if getattr(shape, "is_tagged_union", False) and sum(member is not None for member in value.values()) != 1:
            yield path, f"exactly one of {', '.join(members)} is given here"


def _written(value: Json) -> str:
    """Write a value as JSON, cut to what a message shows of it."""
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"


def _right(kind: str, value: Json) -> str:
    """Say what to write for a value of another type."""
    if kind == "string":
        return ": ${ to_json(…) } makes one" if isinstance(value, list | dict) else ": put it in quotes"
    return ": leave the quotes out" if isinstance(value, str) and kind in {*_NUMBERS, *_WHOLE, "boolean"} else ""


def is_whole_template(value: Json) -> bool:
    """Tell whether a text is a template, of which nobody knows yet what it will be."""
    return isinstance(value, str) and is_templated(value)


def _is_token(shape: "Shape") -> bool:
    """Tell whether a parameter is an idempotency token, which is filled in."""
    return bool(shape.metadata.get("idempotencyToken"))


def _is(kind: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
    match value:
        case bool():
            return kind == "boolean"
        case int():
            return kind in _WHOLE | _NUMBERS | {"timestamp"}
        case float():
            return kind in _NUMBERS | {"timestamp"} or (kind in _WHOLE and value.is_integer())
        case str():
            return kind in {"string", "blob", "timestamp", "char"}
        case list():
            return kind == "list"
        case _:
            return kind in {"structure", "map"} or (kind == "blob" and list(value) == ["base64"])


def _listed(words: Sequence[str]) -> str:
    """Write the first of some words: of types of instances, EC2 has a thousand."""
    rest = len(words) - WORDS
    return ", ".join(words[:WORDS]) + (f" and {rest} more" if rest > 0 else "")


def operation(service: str, action: str) -> "OperationModel":
    """Find an action by either of its spellings.

    Raises:
        KeyError: there is none.
    """
    if service not in services():
        raise KeyError(service)
    return service_model(service).operation_model(actions(service)[action])
