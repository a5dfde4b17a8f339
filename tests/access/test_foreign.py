"""What is another tenant's, for every operation and role: the same answer, of the same work, as for nothing."""

import sys
from collections.abc import Iterator, Mapping
from types import FrameType

import pytest

from chalicelib.core.access.rights import BUILT_IN
from tests.access.guarded import Guarded, guarded
from tests.access.test_admission import OF_TENANTS, ORDER, address, headers
from tests.api.declared import OPERATIONS
from tests.application import JSON, assert_problem

FEW = 12
"""Calls by which the audit of a refusal differs, as it grows; to look something up takes dozens."""


class Counted:
    """Counts the calls of sedo's functions in a block: what takes the same time on any machine."""

    calls = 0

    def __enter__(self) -> None:
        def count(frame: FrameType, event: str, _argument: object) -> None:
            self.calls += event == "call" and "/chalicelib/" in frame.f_code.co_filename

        sys.setprofile(count)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


@pytest.fixture(scope="module")
def beta() -> Iterator[tuple[Guarded, Mapping[str, str]]]:
    """Make a tenant with things that have the names of every address."""
    with guarded() as sedo:
        key = sedo.key("beta", "admin")
        made = [
            sedo.ask("POST", "/sedo/tenants/beta/definitions", ORDER, key),
            sedo.ask("POST", "/sedo/tenants/beta/definitions/order/execute", {"name": "1"}, key),
            sedo.ask("PUT", "/sedo/tenants/beta/roles/paid", {"title": "", "rules": []}, key),
            sedo.ask("PUT", "/sedo/tenants/beta/bindings/paid", {"role": "paid", "subjects": ["ada"]}, key),
            sedo.ask("POST", "/sedo/tenants/beta/events/paid", {"key": "k"}, key),
        ]
        assert [answer.status_code for answer in made] == [201, 201, 201, 201, 202]
        sedo.deliver()
        yield sedo, {role: sedo.key("acme", role)["Authorization"] for role in BUILT_IN}


@pytest.mark.parametrize("name", OF_TENANTS)
@pytest.mark.parametrize("role", [*BUILT_IN])
def test_a_foreign_tenant_is_answered_as_one_that_is_not_there(
    beta: tuple[Guarded, Mapping[str, str]], name: str, role: str
) -> None:
    sedo, keys = beta
    sender = headers(name, {**JSON, "Authorization": keys[role]})
    answers, work = [], []
    for tenant in ("beta", "gone", "beta", "gone", "gone", "beta"):  # each refusal makes the audit a little longer
        counted = Counted()
        with counted:
            answers.append(sedo.ask(OPERATIONS[name].method, address(name, tenant), b"", sender))
        work.append(counted.calls)
    assert assert_problem(answers[0], 404, "tenant not found")["detail"] == "there is no tenant 'beta'"
    assert answers[1].body == answers[0].body.replace(b"beta", b"gone")
    foreign, missing = min(work[2], work[5]), min(work[3], work[4])  # a request reads some things anew once a minute
    assert abs(foreign - missing) <= FEW


@pytest.mark.parametrize("name", [name for name in OF_TENANTS if "/executions/{id}" in OPERATIONS[name].path])
@pytest.mark.parametrize("role", [*BUILT_IN])
def test_a_foreign_execution_is_answered_as_one_that_is_not_there(
    beta: tuple[Guarded, Mapping[str, str]], name: str, role: str
) -> None:
    sedo, keys = beta
    sender = headers(name, {**JSON, "Authorization": keys[role]})
    answers, work = [], []
    for execution in ("beta:order:1", "gone:order:1") * 3:
        path = address(name).replace("acme:order:1", execution)
        counted = Counted()
        with counted:
            answers.append(sedo.ask(OPERATIONS[name].method, path, b"{}", sender))
        work.append(counted.calls)
    assert abs(min(work[::2]) - min(work[1::2])) <= FEW  # the same
    assert answers[0].status_code in {400, 403, 404}
    assert answers[1].status_code == answers[0].status_code
    assert answers[1].body == answers[0].body.replace(b"beta", b"gone")
