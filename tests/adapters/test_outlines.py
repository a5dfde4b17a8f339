"""Executions without their large values, and parts of these."""

from collections.abc import Mapping

import pytest

from chalicelib.adapters.payloads import CHUNK_BYTES
from chalicelib.core.executions.model import ROOT, Execution, Failure, State
from chalicelib.core.records.payload import PACKING, Reference, digest
from chalicelib.core.records.shown import around, fitting, nothing
from chalicelib.core.values.errors import PayloadLostError
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Backend
from tests.adapters.examples import NOW, following, history_row, random_text, submitted, waiting

LONG = "x" * (PACKING.slot + 1)


def live(tenant: str, value: Json, stash: Mapping[str, Json]) -> Execution:
    made = waiting(submitted(tenant, value=value))
    root = copy_with(made.threads[ROOT], stash=stash, incoming=[LONG])
    return copy_with(made, threads={ROOT: root}, stash={"a": "not this one"}, due_at=NOW)


def test_large_values_are_left_out_with_references(backend: Backend, tenant: str) -> None:
    made = live(tenant, LONG, {"a": [LONG], "b": 1})
    backend.executions.create(submitted(tenant, value=LONG))
    backend.executions.update(made)
    found = backend.executions.outline(made.id, nothing)
    assert found is not None
    assert {*found.left_out} == {"/input", "/stash/a"}
    text = encode(LONG)
    assert found.left_out["/input"] == Reference(digest(tenant, text), len(text))
    root = found.execution.threads[ROOT]
    assert (found.execution.input, root.stash, root.incoming) == (None, {"a": None, "b": 1}, None)
    assert found.execution.due_at == NOW
    whole = backend.executions.outline(made.id, fitting)
    assert whole is not None
    assert (whole.execution.input, whole.execution.threads[ROOT].stash, {**whole.left_out}) == (
        LONG,
        {"a": [LONG], "b": 1},
        {},
    )
    part = backend.executions.outline(made.id, around("/stash/a"))
    assert part is not None
    assert {*part.left_out} == {"/input"}


def test_the_stash_of_an_ended_execution_is_its_own(backend: Backend, tenant: str) -> None:
    made = live(tenant, None, {"a": LONG})
    error = Failure("E", "m", "s", details=[LONG])
    ended = copy_with(made, stash={"c": LONG}, output=[LONG], error=error, ended_at=NOW, state=State.FAILED)
    backend.executions.create(submitted(tenant))
    backend.executions.update(ended)
    found = backend.executions.outline(made.id, nothing)
    assert found is not None
    assert {*found.left_out} == {"/output", "/stash/c", "/error/details"}
    assert found.execution.error == copy_with(error, details=None)


def test_a_whole_group_can_be_left_out(backend: Backend, tenant: str) -> None:
    stash: Mapping[str, Json] = {f"m{n}": random_text(500) for n in range(2_000)}
    made = live(tenant, None, stash)
    backend.executions.create(submitted(tenant))
    backend.executions.update(made)
    found = backend.executions.outline(made.id, nothing)
    assert found is not None
    assert "/stash" in found.left_out
    assert found.execution.threads[ROOT].stash == {}
    whole = backend.executions.outline(made.id, around("/stash/m7"))
    assert whole is not None
    assert whole.execution.threads[ROOT].stash == stash


def test_what_is_not_there_has_no_outline(backend: Backend, tenant: str) -> None:
    assert backend.executions.outline(f"{tenant}:d:1", fitting) is None


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (CHUNK_BYTES - 1, CHUNK_BYTES + 1), (700_000, 10**9), (0, 10**9)])
def test_a_part_of_a_value_is_read(backend: Backend, tenant: str, start: int, stop: int) -> None:
    text = encode(random_text(800_000))
    reference = Reference(digest(tenant, text), len(text))
    backend.history.keep({reference.sha256: text})
    assert backend.history.read_text(tenant, reference, start, stop) == text[start:stop]
    assert backend.executions.read_text(tenant, reference, start, stop) == text[start:stop]


@pytest.mark.parametrize("start", [0, 500_000])
def test_a_value_that_is_lost_is_told(backend: Backend, tenant: str, start: int) -> None:
    lost = Reference(digest(tenant, b"lost"), 800_000)
    with pytest.raises(PayloadLostError):
        backend.executions.read_text(tenant, lost, start, 800_000)


def test_a_value_of_another_tenant_is_none(backend: Backend, tenant: str) -> None:
    text = encode(tenant)
    reference = Reference(digest(tenant, text), len(text))
    backend.history.append(history_row(f"{tenant}:d:1", 1, "r#1", None, []))
    backend.history.keep({reference.sha256: text})
    assert backend.history.read_text(tenant, reference, 0, len(text)) == text
    with pytest.raises(PayloadLostError):
        backend.history.read_text("other", reference, 0, len(text))


def test_following_versions_have_outlines(backend: Backend, tenant: str) -> None:
    made = live(tenant, None, {"a": 1})
    backend.executions.create(submitted(tenant))
    backend.executions.update(made)
    backend.executions.update(following(made, stash={}))
    found = backend.executions.outline(made.id, fitting)
    assert found is not None
    assert found.execution.version == made.version + 1


def test_a_state_in_bundles_is_whole_whatever_is_chosen(backend: Backend, tenant: str) -> None:
    stash: dict[str, Json] = {f"v{n}": random_text(4_000 + n) for n in range(6)}
    root = copy_with(submitted(tenant).threads[ROOT], stash=stash)
    execution = copy_with(submitted(tenant), threads={ROOT: root})
    backend.executions.create(execution)
    outline = backend.executions.outline(execution.id, nothing)
    assert outline is not None
    assert (outline.execution, outline.left_out) == (execution, {})
