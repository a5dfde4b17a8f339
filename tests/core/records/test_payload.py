import copy
import json
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.model import ROOT, Execution, Failure, HistoryEntry, Signal, State, Status, Thread
from chalicelib.core.executions.waiting import Answer, AnswerWait
from chalicelib.core.records.codec import entry_json, execution_json
from chalicelib.core.records.payload import (
    MAX_ITEM,
    MAX_MEMORY,
    STATE,
    Packed,
    PackingLimits,
    Reference,
    Slot,
    digest,
    execution_slots,
    footprint,
    item_bytes,
    pack,
    record_slots,
    require_room,
    unpack,
    values_of,
)
from chalicelib.core.records.state_packing import pack_state
from chalicelib.core.values.errors import OutgrownError
from chalicelib.core.values.json import Json, decode, encode
from chalicelib.core.values.value import copy_with

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = PackingLimits(slot=100, document=1000, smallest=20)


def document(
    value: Json = None,
    incoming: Json = None,
    stash: Mapping[str, Json] | None = None,
    results: Mapping[str, Json] | None = None,
    wait: AnswerWait | None = None,
    **more: Any,
) -> dict[str, Any]:
    root = Thread(ROOT, 0, Status.READY, "a", incoming, NOW, NOW, stash=stash or {}, results=results or {})
    root = copy_with(root, wait=wait)
    return execution_json(Execution("t:d:1", "t", "d", 1, "n", value, NOW, {ROOT: root}, **more))


def packed(made: dict[str, Any], limits: PackingLimits = SMALL) -> Packed:
    """Pack a document, and see that it comes back."""
    before = encode(made)
    answer = pack("t", before, execution_slots, limits)
    for each in (answer, pack_state("t", copy.deepcopy(made), execution_slots, limits)):
        back = json.loads(each.text)
        unpack(back, each.references, each.payloads, execution_slots)
        assert encode(back) == before
    return answer


LONG = "x" * 200


@pytest.mark.parametrize(
    ("made", "place"),
    [
        (document(value=LONG), "/input"),
        (document(output=[LONG]), "/output"),
        (document(incoming={"": LONG}), "/threads/0/incoming"),
        (document(stash={"a/b~c": LONG, "small": 1}), "/threads/0/stash/a~1b~0c"),
        (document(results={"left": LONG, "right": None}), "/threads/0/results/left"),
        (document(error=Failure("Http", "no", "s", details=LONG)), "/error/details"),
        (document(mailbox=[Signal("1", "paid", NOW, LONG)]), "/mailbox/0/value"),
        (document(wait=AnswerWait(AnswerKind.TASK, answer=Answer(NOW, "ada", LONG))), "/threads/0/asking/answer/value"),
    ],
)
def test_a_long_value_moves_out_of_every_place(made: dict[str, Any], place: str) -> None:
    (text,) = (answer := packed(made)).payloads.values()
    assert LONG.encode() in text
    assert answer.references == {place: Reference(digest("t", text), len(text))}
    assert LONG.encode() not in answer.text


@pytest.mark.parametrize("part", [{"text": LONG}, list(range(40))], ids=["surely long", "long as it turns out"])
def test_a_part_of_a_much_longer_value_stays_in_a_state(part: Json) -> None:
    answer = pack_state("t", document(value=[part, "y" * 400], stash={"part": part}), execution_slots, SMALL)
    assert answer.references.keys() == {"/input"}
    assert encode(part) in answer.text
    assert len(answer.payloads) == 1


@pytest.mark.parametrize("part", [{"text": LONG}, list(range(40))], ids=["surely long", "long as it turns out"])
def test_so_does_a_part_of_what_was_left_out_before(part: Json) -> None:
    left_out = encode([part, "y" * 400])
    answer = pack_state("t", document(stash={"part": part}), execution_slots, SMALL, {digest("t", left_out): left_out})
    assert not answer.references
    assert not answer.payloads


@pytest.mark.parametrize(
    ("value", "part"),
    [([LONG, "y" * 20], LONG), (["z" * 70_000, "y" * 80_000], "z" * 70_000), ("y" * 500, LONG)],
    ids=["of a little longer one", "a very long one", "of nothing"],
)
def test_any_other_value_moves_out(value: Json, part: Json) -> None:
    limits = copy_with(SMALL, document=1_000_000)
    answer = pack_state("t", document(value=value, stash={"part": part}), execution_slots, limits)
    assert answer.references.keys() == {"/input", "/threads/0/stash/part"}


def test_parts_move_out_too_while_the_document_is_too_long() -> None:
    parts: dict[str, Json] = {f"part-{n}": f"{n}" * 150 for n in range(8)}
    answer = pack_state("t", document(value=list(parts.values()), stash=parts), execution_slots, SMALL)
    assert len(answer.text) <= SMALL.document
    assert len(answer.references) > 1


def test_a_value_as_long_as_the_limit_stays() -> None:
    assert not packed(document(value="x" * (SMALL.slot - 2))).references
    assert packed(document(value="x" * (SMALL.slot - 1))).references


def test_nothing_is_looked_at_in_a_short_document() -> None:
    assert pack("t", b'{"no":"execution"}', execution_slots, SMALL) == Packed(
        b'{"no":"execution"}', {}, {}, footprint(b'{"no":"execution"}')
    )


def test_no_more_values_move_out_than_must_and_the_largest_first() -> None:
    limits = PackingLimits(slot=1000, document=8000, smallest=20)
    answer = packed(document(stash={f"s{n}": "x" * (900 + n) for n in range(10, 20)}), limits)
    assert set(answer.references) == {"/threads/0/stash/s18", "/threads/0/stash/s19"}
    assert len(answer.text) <= limits.document < len(answer.text) + 900


def test_the_references_count_towards_the_length_of_the_document() -> None:
    limits = PackingLimits(slot=4000, document=4000, smallest=100)
    made = [entry_json(HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, n, "s", result="x" * 300)) for n in range(12)]
    answer = pack("t", encode(made), record_slots, limits)
    assert len(answer.references) > (len(encode(made)) - limits.document) // 300
    assert len(answer.text) + 117 * len(answer.references) <= limits.document


def test_a_group_of_many_small_values_moves_as_a_whole() -> None:
    stash: dict[str, Json] = {f"s{n}": n for n in range(200)}
    answer = packed(document(value="kept", stash=stash))
    assert set(answer.references) == {"/threads/0/stash"}
    assert json.loads(next(iter(answer.payloads.values()))) == stash


def test_a_group_moves_without_the_values_that_had_moved_out_of_it() -> None:
    stash: dict[str, Json] = {f"s{n}": n for n in range(200)} | {"large": "x" * 5000}
    answer = packed(document(stash=stash))
    assert set(answer.references) == {"/threads/0/stash", "/threads/0/stash/large"}
    assert sorted(map(len, answer.payloads.values())) == [len(encode(stash | {"large": None})), 5002]


def test_values_that_save_nothing_stay_until_their_group_moves() -> None:
    stash: dict[str, Json] = {f"s{n}": "x" * n for n in range(60, 90)}
    answer = packed(document(stash=stash), PackingLimits(slot=100, document=1900, smallest=20))
    assert set(answer.references) == {"/threads/0/stash"}


def test_values_below_the_smallest_move_when_nothing_else_helps() -> None:
    limits = PackingLimits(slot=500, document=3000, smallest=500)
    made = [entry_json(HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, n, "s", result="x" * 400)) for n in range(8)]
    answer = pack("t", encode(made), record_slots, limits)
    assert 0 < len(answer.references) < 8


def test_a_value_shorter_than_its_reference_never_moves_to_save_room() -> None:
    made = [entry_json(HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, n, "s", result="x" * 110)) for n in range(80)]
    assert not pack("t", encode(made), record_slots, PackingLimits(slot=500, document=3000, smallest=500)).references


def test_what_no_function_can_hold_has_no_room_however_little_stays_in_the_item() -> None:
    require_room(Packed(b"", {}, {}, MAX_MEMORY), 0, MAX_ITEM)
    with pytest.raises(OutgrownError, match="240,000,001 bytes of memory with all values, and 240,000,000 are"):
        require_room(Packed(b"", {}, {}, MAX_MEMORY + 1), 0, MAX_ITEM)
    with pytest.raises(OutgrownError, match="239,999,000 are the most"):
        require_room(Packed(b"", {}, {}, MAX_MEMORY), 0, MAX_ITEM, spare=1_000)


def test_a_state_is_refused_before_the_texts_of_all_its_values_are_made() -> None:
    class Read(dict[str, Json]):
        """An object that tells how often it was read."""

        read = 0

        def values(self) -> Any:
            Read.read += 1
            return super().values()

    stash: dict[str, Json] = {f"s{n}": Read(a=[[n] * 4] * 700_000) for n in range(10)}
    with pytest.raises(OutgrownError, match="of memory with all values"):
        pack_state("t", document(stash=stash), execution_slots)
    assert 0 < Read.read < len(stash)


LARGE: dict[str, Json] = {
    "empty lists": [[]] * 200_000,
    "lists": [[1]] * 200_000,
    "empty objects": [{}] * 200_000,
    "objects": [{"a": 1}] * 200_000,
    "lists in lists": [decode(b"[" * 40 + b"]" * 40)] * 10_000,
    "objects in objects": [decode(b'{"a":' * 40 + b"0" + b"}" * 40)] * 10_000,
    "numbers": [0.5] * 400_000,
    "short texts": ["ab"] * 200_000,
    "a text": "x" * 5_000_000,
    "a text in a list": ["ä" * 5_000_000],
    "a text with one wide character": "x" * 5_000_000 + "\U0001f355",
    "records": [{"id": 123456, "name": "abc", "price": 0.5}] * 50_000,
}


@pytest.mark.parametrize("value", LARGE.values(), ids=LARGE)
def test_a_value_takes_no_more_memory_than_is_told(value: Json) -> None:
    text = encode(value)
    tracemalloc.start()
    held = decode(text)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held == value
    assert taken + len(text) < 1.2 * footprint(text)


def test_what_is_shared_counts_once() -> None:
    shared: Json = ["x" * 1_000_000]
    once, often, equal = (
        pack_state("t", document(stash=stash), execution_slots).memory
        for stash in (
            {"a": shared},
            {f"s{n}": shared for n in range(50)},
            {f"s{n}": [shared[0]] for n in range(50)},  # type: ignore[index] # it is a list
        )
    )
    assert once <= often <= equal < once + 20_000


def test_what_is_equal_and_made_anew_counts_again() -> None:
    once, twice = (
        pack_state("t", document(stash={f"s{n}": ["x" * (1_000_000 - k) + "x" * k] for n in range(k)}), execution_slots)
        for k in (1, 2)
    )
    assert len(twice.payloads) == 1
    assert twice.memory > once.memory + 1_000_000


def test_equal_values_are_one_in_memory_but_not_groups() -> None:
    made = document(value=["x" * 9_000], incoming=["x" * 9_000])
    answer = pack_state("t", made, execution_slots, STATE)
    back = json.loads(answer.text)
    unpack(back, answer.references, answer.payloads, execution_slots)
    assert back["input"] is back["threads"][0]["incoming"]


def test_an_item_may_be_as_large_as_it_may_be() -> None:
    made = Packed(b"", {"/input": Reference("", 1)}, {}, 1)
    size = item_bytes(1_000, made.references)
    require_room(made, 1_000, size)
    with pytest.raises(OutgrownError, match="without its large values"):
        require_room(made, 1_001, size)


def test_equal_values_are_one_payload() -> None:
    answer = packed(document(value=LONG, incoming=LONG))
    assert len(answer.references) == 2
    assert len(answer.payloads) == 1


def test_tenants_never_share_a_payload() -> None:
    mine, others = (pack(tenant, encode(document(value=LONG)), execution_slots, SMALL) for tenant in ("t", "u"))
    assert not mine.payloads.keys() & others.payloads.keys()
    assert digest("a", b"b") != digest("ab", b"")


def test_what_looks_like_a_reference_is_just_a_value() -> None:
    lookalike: Json = {"/input": {"sha256": "ab" * 32, "bytes": 1}}
    assert packed(document(value=lookalike, stash={"references": lookalike, "/input": None}, incoming=LONG))


def test_half_a_surrogate_pair_comes_back() -> None:
    assert packed(document(value="\ud800" + LONG, stash={"\ud800": LONG})).references


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=300)
FLAT = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(), SCALARS, max_size=3)
VALUES = SCALARS | st.lists(FLAT, max_size=3) | st.dictionaries(st.text(), FLAT, max_size=3)
GROUPS = st.dictionaries(st.text(max_size=20), VALUES, max_size=30)


@given(VALUES, VALUES, GROUPS, GROUPS, st.integers(0, 200), st.integers(0, 1000))
@settings(max_examples=200)
def test_any_document_comes_back_under_any_limits(
    value: Json, incoming: Json, stash: dict[str, Json], results: dict[str, Json], slot: int, most: int
) -> None:
    packed(document(value, incoming, stash, results), PackingLimits(slot, most, slot // 2))


def test_of_a_large_group_only_what_could_be_long_is_looked_at() -> None:
    stash = {f"k{number}": number / 2 for number in range(1_000)} | {"long": "x" * 100, "list": [1], "empty": {}}
    slot = Slot("/stash", {"stash": stash}, "stash", group=True)
    assert [each.pointer for each in values_of([slot], 512)] == ["/stash/long", "/stash/list"]
    assert len(values_of([slot])) == len(stash)
