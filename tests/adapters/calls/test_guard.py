import pytest

from chalicelib.adapters.calls.guard import guarded
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.values.errors import UNTHOUGHT, StepError, UnavailableError
from chalicelib.core.values.json import Json

KEY = CallKey("t:d:1", "main", 2)
CANARY = "canary-7f3a"


def secret(tenant: str, name: str) -> str:
    return f"{CANARY}-{tenant}-{name}"


def token(key: CallKey) -> str:
    return f"token of {key}"


def wanted(*pieces: str | Placeholder) -> Call:
    return Call("call", {"to": "***", "plain": 7}, {"/to": pieces})


def test_secrets_and_the_token_are_in_what_the_call_gets() -> None:
    given: list[object] = []
    handle = guarded(lambda params, key: given.append([params, key]), secret, token)
    handle(wanted("Bearer ", Placeholder("pay"), " ", Placeholder()), KEY)
    assert given == [[{"to": f"Bearer {CANARY}-t-pay token of {KEY}", "plain": 7}, KEY]]


def test_what_it_answers_has_neither() -> None:
    handle = guarded(lambda params, _key: {"echo": params, "n": 1}, secret, token)
    assert handle(wanted(Placeholder("pay"), Placeholder()), KEY) == {"echo": {"to": "***", "plain": 7}, "n": 1}


def fails(params: Json, _key: CallKey) -> Json:
    raise StepError(f"refused: {params}", "bank.Refused", {"sent": params}, retry_after=3)


def breaks(params: Json, _key: CallKey) -> Json:
    raise ValueError(f"no {params}")


def test_its_errors_have_neither_and_are_otherwise_as_they_were() -> None:
    with pytest.raises(StepError) as caught:
        guarded(fails, secret, token)(wanted(Placeholder("pay")), KEY)
    error = caught.value
    assert (error.name, error.retry_after, error.details) == ("bank.Refused", 3, {"sent": {"to": "***", "plain": 7}})
    assert (CANARY in str(error), error.unanswered) == (False, False)
    assert error.__cause__ is None


def test_whether_the_call_may_have_been_done_is_told_on() -> None:
    def lost(_params: Json, _key: CallKey) -> Json:
        raise StepError("no answer", "bank.Timeout", unanswered=True)

    with pytest.raises(StepError) as caught:
        guarded(lost, secret, token)(wanted(), KEY)
    assert caught.value.unanswered


def test_what_nobody_has_thought_of_is_told_by_its_details() -> None:
    with pytest.raises(StepError) as caught:
        guarded(breaks, secret, token)(wanted(Placeholder("pay")), KEY)
    assert (caught.value.name, CANARY in str(caught.value.details)) == ("Internal", False)
    assert str(caught.value) == UNTHOUGHT
    assert caught.value.unanswered  # nobody knows how far it came


def test_where_a_service_does_not_answer_the_call_is_to_be_made_again() -> None:
    def unavailable(_tenant: str, _name: str) -> str:
        raise UnavailableError

    def lost(_params: Json, _key: CallKey) -> Json:
        raise UnavailableError

    for handle in (guarded(fails, unavailable, token), guarded(lost, secret, token)):
        with pytest.raises(UnavailableError):
            handle(wanted(Placeholder("pay")), KEY)
