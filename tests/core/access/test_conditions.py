from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.access.conditions import missing_start, unmet
from chalicelib.core.definitions.model import Definition
from chalicelib.core.definitions.parser import parse
from chalicelib.core.definitions.record import Subject, read_subject, subject_json
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
ADA = Subject("ada", "jwt", frozenset({"sales"}), frozenset({"operator"}))
NAMES = st.frozensets(st.sampled_from(["viewer", "operator", "admin", "own"]))


def definition(access: Json) -> Definition:
    return parse({"id": "order", "access": access, "steps": [{"id": "a", "type": "transform"}]}, STEP_TYPES)


def reason(key: str, entry: Mapping[str, Json], who: Subject = ADA, **about: Json) -> str | None:
    return unmet(definition({key: entry}), 3, key, who, NOW, **about)


def test_without_a_condition_nothing_is_asked() -> None:
    assert reason("execute", {"roles": ["operator"]}) is None
    assert unmet(definition({"read": {"roles": ["x"]}}), 1, "cancel", ADA, NOW) is None


def test_roles_and_when_have_to_be_met_both() -> None:
    entry: Mapping[str, Json] = {"roles": ["admin", "operator"], "when": "input.total < `9`"}
    assert reason("execute", entry, input={"total": 1}) is None
    assert (
        reason("execute", entry, input={"total": 9}) == "needs what access.execute of 'order' says: input.total < `9`"
    )
    other = Subject("bob", "key", roles=frozenset({"viewer"}))
    wanted = "needs what access.execute of 'order' says: one of the roles admin, operator"
    assert reason("execute", entry, other, input={"total": 1}) == wanted


@pytest.mark.parametrize(
    "when",
    [
        "subject.id == 'ada' && subject.means == 'jwt'",
        "subject.groups == ['sales'] && subject.roles == ['operator']",
        "definition.id == 'order' && definition.version == `3`",
        "now() == '2026-01-31T09:00:00.000Z'",
        "@.subject",
    ],
)
def test_a_condition_sees_who_asks_and_for_what(when: str) -> None:
    assert reason("read", {"when": when}) is None


def test_what_cannot_be_evaluated_is_not_met() -> None:
    found = reason("execute", {"when": "length(input.lines) > `1`"}, input={})
    assert found is not None
    assert found.startswith("needs what access.execute of 'order' says, which cannot be evaluated: ")


@pytest.mark.parametrize(
    ("access", "place", "message"),
    [
        ({"execute": {"when": "execution.id"}}, "/access/execute/when", "access.execute does not see 'execution'; it"),
        ({"read": {"when": "input.a"}}, "/access/read/when", "access.read does not see 'input'; it sees definition,"),
        (
            {"read": {"when": "subject.a == true"}},
            "/access/read/when",
            "'true' is a name here: the value is written `true`",
        ),
        (
            {"cancel": {"when": "caller.id"}},
            "/access/cancel/when",
            "access.cancel does not see 'caller' (did you mean 's",
        ),
        ({"cancel": {"when": "subjct.id"}}, "/access/cancel/when", "access.cancel does not see 'subjct' (did you mean"),
        ({"cancel": {"when": "a b"}}, "/access/cancel/when", "an operator or a comma is missing"),
        ({"cancel": {"when": 1}}, "/access/cancel/when", "1 is a number, not a text"),
        ({"cancel": {"roles": "admin"}}, "/access/cancel/roles", '"admin" is a text, not a list'),
        ({"cancel": []}, "/access/cancel", "it is a list, not an object"),
        ({"cancel": {}}, "/access/cancel", ""),
        ({"delete": {"roles": ["a"]}}, "/access", "there is no 'delete' here"),
        ([], "/access", "it is a list, not an object"),
    ],
)
def test_what_is_wrong_with_a_condition_is_said_when_the_definition_is_created(
    access: Any, place: str, message: str
) -> None:
    with pytest.raises(InvalidDefinitionError) as found:
        definition(access)
    assert [problem.pointer for problem in found.value.problems] == [place]
    assert message in found.value.problems[0].message


@given(roles=NAMES, wanted=NAMES.filter(bool), holds=st.booleans())
def test_a_condition_never_lets_in_whom_it_does_not_name(
    roles: frozenset[str], wanted: frozenset[str], *, holds: bool
) -> None:
    entry: Mapping[str, Json] = {"roles": [*wanted], "when": "`true`" if holds else "`false`"}
    met = reason("read", entry, Subject("x", "jwt", roles=roles)) is None
    assert met is (holds and bool(roles & wanted))


@given(
    groups=NAMES, roles=NAMES, starts=st.none() | NAMES, who=st.text(max_size=9), means=st.sampled_from(["jwt", "key"])
)
def test_a_subject_comes_back(
    groups: frozenset[str], roles: frozenset[str], starts: frozenset[str] | None, who: str, means: str
) -> None:
    subject = Subject(who, means, groups, roles, starts)
    assert read_subject(subject_json(subject)) == subject


def test_a_condition_costs_little_whatever_its_author_writes() -> None:
    when = "length(map(&zip(range(`500`), range(`500`)), range(`2000`))) > `0`"
    found = unmet(definition({"read": {"when": when}}), 1, "read", ADA, NOW)
    assert found is not None
    assert "builds more than 65,536 bytes" in found or "costs more than 500 visits of nodes: compare less" in found


class TestAuthors:
    CHARGE = definition({"execute": {"roles": ["operator"]}})

    def test_an_author_needs_the_right_to_start(self) -> None:
        assert missing_start(ADA, self.CHARGE) is None
        narrow = Subject("ada", "jwt", roles=ADA.roles, starts=frozenset({"pay*"}))
        assert missing_start(narrow, self.CHARGE) == "needs the right executions:start of 'order'"
