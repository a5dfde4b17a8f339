"""Every hostile request is refused as it has to be, within bounds of CPU and memory, and nothing is written."""

from collections import Counter
from itertools import chain
from typing import Any

import pytest

from tests.application import T, assert_problem
from tests.hostile import definitions, expressions, json_bodies, operations, requests, schemas, yaml_texts
from tests.hostile.case import DEFINITIONS, Case, text
from tests.hostile.world import MEGABYTES, SECONDS, World

SOURCES = (json_bodies, yaml_texts, schemas, expressions, definitions, requests, operations)
CASES = [*chain.from_iterable(source.cases() for source in SOURCES)]
OF_API_GATEWAY = {403, 405}
"""What never comes to the application, so that its test client answers it."""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_hostile_request_is_refused_within_bounds_and_nothing_is_written(
    world: World, case: Case, record_property: Any
) -> None:
    if case.given is not None:
        given = world.send(case.given)
        assert given.status_code in {200, 201}, given.body[:500]
    before, outcomes = world.everything(), len(world.audited())
    answer, seconds, megabytes = world.measure(case)
    record_property("hostile", [seconds, megabytes, str(case)])
    assert answer.status_code == case.status, answer.body[:500]
    if answer.status_code not in OF_API_GATEWAY:
        assert_problem(answer, case.status)
    assert world.everything() == before
    assert {*world.audited()[outcomes:]} <= {case.status}
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


@pytest.mark.parametrize("document", definitions.LARGE.values(), ids=definitions.LARGE.keys())
def test_a_large_definition_is_validated_within_bounds(world: World, document: dict[str, Any]) -> None:
    answer, seconds, megabytes = world.measure(Case("", "", 200, f"{DEFINITIONS}/validate", text(document)))
    assert answer.json_body["problems"] == []
    assert seconds < SECONDS
    assert megabytes < MEGABYTES


def test_the_corpus_has_more_than_300_requests_and_no_two_are_the_same() -> None:
    assert len({str(case) for case in CASES}) == len(CASES) > 300
    assert min(Counter(case.kind for case in CASES).values()) >= 10


def test_what_waits_can_be_answered_after_all(world: World) -> None:
    assert world.ask("POST", f"{T}/executions/{world.execution}/events/paid", {"data": 1}).status_code == 202
    assert world.ask("POST", f"/sedo/callbacks/{world.token}/succeed", {}).status_code == 204
