"""States of values that are in a payload too long to compare with."""

import copy
import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.model import ROOT, Execution, HistoryEntry, State, Status, StoredState, Thread
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.records.bundles import Bundled, bundle
from chalicelib.core.records.codec import execution_json
from chalicelib.core.records.history import held_by, new_row, news
from chalicelib.core.records.payload import STATE, Packed, Reference, digest, execution_slots, unpack
from chalicelib.core.records.quotations import far
from chalicelib.core.records.state_packing import pack_state
from chalicelib.core.values.json import Json, decode, encode
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW


def noise(size: int, seed: object) -> str:
    return "".join(hashlib.sha256(f"{seed} {n}".encode()).hexdigest() for n in range(size // 64 + 1))[:size]


GIVEN: list[Json] = [noise(1_000, "key"), *({"number": n, "text": noise(10_000, n)} for n in range(40))]
SOURCE = digest("t", encode(GIVEN))
TAKEN: Mapping[str, Json] = {f"v{n}": GIVEN[n + 1] for n in range(40)}


def live(given: Json, stash: Mapping[str, Json], **more: Any) -> Execution:
    root = Thread(ROOT, 1, Status.READY, "a", 1, NOW, NOW, stash=stash, **more)
    return Execution("t:d:1", "t", "d", 1, "n", given, NOW, {ROOT: root})


def written(execution: Execution, beside: Mapping[str, bytes] | None = None) -> tuple[Packed, Bundled]:
    """Write the state of an execution, and see that it comes back."""
    document = execution_json(execution)
    before, far_before = copy.deepcopy(document), {} if execution.stored is None else execution.stored.far
    packed = pack_state("t", document, execution_slots, STATE, beside or {}, far_before)
    made = bundle(packed, execution, STATE)
    known = {**(beside or {}), **far_before, **packed.payloads, **made.payloads}
    known |= {} if execution.stored is None else execution.stored.bases
    back = decode(made.body.text(known[base.sha256] for base in made.body.bases))
    unpack(back, packed.references, known, execution_slots)
    assert back == before
    return packed, made


@pytest.mark.parametrize(
    ("stash", "more", "own"),
    [
        (TAKEN, {}, 2_000),
        ({**TAKEN, "new": noise(6_000, "new")}, {}, 8_500),
        (TAKEN, {"incoming": GIVEN[3], "results": {"x": GIVEN[5], "y": None}}, 2_000),
        ({"v": GIVEN[1], "a": "\x000", "b": {"\x001": ["\x000"]}, "d": "\x00" + "9" * 5_000}, {}, 20_000),
        ({"v": GIVEN[1], **{f"s{n}": noise(300, f"s{n}") for n in range(2_000)}}, {}, 20_000),
        ({"v": GIVEN[1]}, {"wait": AnswerWait(AnswerKind.EVENT, name="e", event_key=str(GIVEN[0]))}, 2_500),
    ],
    ids=["all", "and a new one", "in several places", "beside what looks like marks", "in a group that moves", "key"],
)
def test_values_of_a_long_payload_are_places_in_it(stash: dict[str, Json], more: dict[str, Any], own: int) -> None:
    incoming = more.pop("incoming", 1)
    execution = live(GIVEN, stash, **more)
    root = copy_with(execution.threads[ROOT], incoming=incoming)
    _, made = written(copy_with(execution, threads={ROOT: root}))
    assert len(made.body.own) < own


def test_a_state_of_quotations_alone_puts_nothing_but_the_payload_and_says_which_that_is() -> None:
    packed, made = written(live(GIVEN, TAKEN))
    assert packed.is_short
    assert packed.payloads.keys() == {SOURCE}
    assert not made.payloads
    assert made.body.quoted == {SOURCE}
    assert made.stored.far.keys() == {SOURCE}
    without = decode(made.body.text([b""], {SOURCE}))
    assert without["threads"][0]["stash"] == dict.fromkeys(TAKEN)


def test_a_short_state_quotes_what_was_written_before() -> None:
    _, first = written(live(GIVEN, TAKEN))
    stored = first.stored
    for stash in ({"key": GIVEN[0]}, {"key": GIVEN[0], "n": 1}, {"n": 2}, {"n": 3}):
        packed, made = written(copy_with(live(None, stash), stored=stored))
        assert (packed.payloads, made.payloads) == ({}, {})
        assert made.body.quoted == ({SOURCE} if "key" in stash else frozenset())
        stored = made.stored
    assert not stored.far, "nothing refers to it any more"


def test_quotations_in_the_midst_of_bundles_leave_what_is_long_between_them() -> None:
    values = {f"new-{n}": noise(3_000, f"new {n}") for n in range(8)}
    mixed = {name: each for pair in zip(TAKEN.items(), values.items(), strict=False) for name, each in pair}
    stored = None
    for _ in range(3):
        packed, made = written(copy_with(live(GIVEN, mixed), stored=stored))
        stored = made.stored
    assert packed.payloads.keys() == {SOURCE}
    assert not made.payloads
    assert len(made.body.bases) == 2
    assert len(made.body.own) < 2_000


RECORD = HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, 1, "make", result=1, stash={**TAKEN})


@pytest.mark.parametrize("is_later", [False, True])
def test_a_record_refers_to_a_stash_that_is_in_a_long_payload(is_later: bool) -> None:  # noqa: FBT001
    item = live(GIVEN, {})
    if is_later:
        text = encode(GIVEN)
        item = copy_with(item, stored=StoredState({}, b"", {}, far({SOURCE: text}, ())))
    row = new_row(item, "r#1", news(item, [RECORD]))
    text = encode({**TAKEN})
    (record,) = row.records
    assert record["stash"] is None
    assert Reference(**record["references"]["/stash"]) == Reference(digest("t", text), len(text))
    assert row.payloads.keys() == {digest("t", text), *([] if is_later else [SOURCE])}
    assert row.held == held_by(item)


@pytest.mark.parametrize("stash", [{"a": 1}, {f"v{n}": noise(10_000, f"other {n}") for n in range(8)}])
def test_a_record_of_others_has_them_itself(stash: dict[str, Json]) -> None:
    item = live(GIVEN, {})
    (record,) = new_row(item, "r#1", news(item, [copy_with(RECORD, stash=stash)])).records
    assert record["stash"] == stash
