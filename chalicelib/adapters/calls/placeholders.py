"""Secrets and tokens: put into what a call is made with."""

from collections.abc import Callable, Collection
from dataclasses import field

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.values.errors import InternalError
from chalicelib.core.values.json import Json, pointer
from chalicelib.core.values.value import value


@value
class Filled:
    """The parameters that a call is made with."""

    params: Json = field(repr=False)
    secrets: Collection[str] = field(repr=False)
    """What was put into them and is to be seen nowhere else: secrets, and the token of the turn."""


def filled(call: Call, key: CallKey, secret: Callable[[str, str], str], token: Callable[[CallKey], str]) -> Filled:
    """Put secrets and the token into the texts of the parameters that have a place for them.

    Args:
        call: what is to be done; it stays as it is.
        key: the idempotency key.
        secret: answers the tenant's secret of a name.
        token: answers the token of the visit with this key.

    Raises:
        StepError: a secret is not there.
        UnavailableError: where secrets or keys are kept did not answer.
    """
    placeholders = {
        piece for pieces in call.placeholders.values() for piece in pieces if isinstance(piece, Placeholder)
    }
    values = {
        placeholder: token(key) if placeholder.secret is None else secret(key.tenant, placeholder.secret)
        for placeholder in placeholders
    }
    texts = {
        place: "".join(values[piece] if isinstance(piece, Placeholder) else piece for piece in pieces)
        for place, pieces in call.placeholders.items()
    }
    params = _with(texts, call.params)
    if texts:
        raise InternalError(f"the parameters have no text at {', '.join(sorted(texts))}")
    return Filled(params, frozenset(values.values()))


def _with(texts: dict[str, str], value: Json, place: str = "") -> Json:
    """Copy a value, with the texts that have a place in it; those are taken out of ``texts``."""
    if isinstance(value, str) and place in texts:
        return texts.pop(place)
    if isinstance(value, dict):
        return {key: _with(texts, member, place + pointer((key,))) for key, member in value.items()}
    if isinstance(value, list):
        return [_with(texts, item, f"{place}/{index}") for index, item in enumerate(value)]
    return value
