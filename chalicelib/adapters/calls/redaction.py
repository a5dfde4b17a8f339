"""The redaction of secrets in results and errors of calls."""

import re
from collections.abc import Callable, Collection
from operator import is_not

from chalicelib.adapters.calls.spellings import SHORTEST, Spelling, covered, lines, spellings
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InternalError, StepError
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.privacy import HIDDEN, without_private

MESSAGE_CHARS = LIMITS.message_chars
CHARS = LIMITS.call_error_chars
NAME_CHARS = LIMITS.call_error_name_chars

_ODD = re.compile(r"[^A-Za-z0-9._*-]")


def redacted(value: Json, secrets: Collection[str]) -> Json:
    """Write ``***`` over every secret in the texts and keys of a value, and over the values of private headers."""
    document = encode(value).lower()
    return _Redactor(secrets, lambda spelling: spelling.may_be_in(document), cut=False).redacted(value)


def redacted_error(error: Exception, secrets: Collection[str]) -> StepError:
    """Tell what went wrong, without the secrets that were in it: the one way by which an error of a call leaves.

    Whoever raises it cuts nothing, as half of a secret would not be found. What came in pieces from the other side is
    looked at for pieces. Then the name, and each text, is cut to what an error may have.
    """
    failure = error if isinstance(error, StepError) else InternalError.of(error, unanswered=True)
    hide = _Redactor(secrets, lambda _: True, cut=True)
    return StepError(
        hide.text(str(failure))[:MESSAGE_CHARS],
        ".".join(_ODD.sub("-", hide.text(part)) for part in failure.name.split(".", 1))[:NAME_CHARS],
        _bounded(hide.redacted(failure.details)),
        failure.retry_after,
        unanswered=failure.unanswered,
    )


class _Redactor:
    """Hides some secrets."""

    def __init__(self, secrets: Collection[str], is_wanted: Callable[[Spelling], bool], *, cut: bool) -> None:
        self._whole = frozenset(secrets) - {""}
        self._spelled = [each for secret in self._whole for each in spellings(secret) if is_wanted(each)]
        if cut:
            self._spelled += [each for secret in self._whole for each in lines(secret)]
        self._cut = cut

    def text(self, text: str) -> str:
        if text in self._whole:
            return HIDDEN
        return covered(text, self._spelled, HIDDEN, cut=self._cut) if self._spelled else text

    def redacted(self, value: Json) -> Json:
        """Hide them in a value; what has none of them is the same object: a copy of a large value takes memory."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            items = [self.redacted(item) for item in value]
            return items if any(map(is_not, items, value)) else value
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, bool) or value is None or not self._whole:
            return value
        number = encode(value).decode()
        return HIDDEN if len(number) >= SHORTEST and number in self._whole else value

    def _object(self, value: dict[str, Json]) -> dict[str, Json]:
        members = {
            self.text(key): self.redacted(without_private(member) if key.lower().endswith("headers") else member)
            for key, member in value.items()
        }
        is_same = members.keys() == value.keys() and not any(map(is_not, members.values(), value.values()))
        return value if is_same else members


def _bounded(value: Json) -> Json:
    if isinstance(value, str):
        return value[:CHARS]
    if isinstance(value, list):
        return [_bounded(item) for item in value]
    return {key[:CHARS]: _bounded(member) for key, member in value.items()} if isinstance(value, dict) else value
