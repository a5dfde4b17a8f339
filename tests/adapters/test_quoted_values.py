"""States of values that are in a payload too long to compare with: at a boundary only what changed is written."""

import zlib
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.memory.chunks import MemoryChunks
from chalicelib.adapters.memory.stores import MemoryHistory
from chalicelib.adapters.payloads import CHUNK_BYTES, ChunkKey, Payloads
from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.model import ROOT, Execution, HistoryEntry, State, Thread
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.records.codec import execution_json, read_execution
from chalicelib.core.records.history import new_row, news
from chalicelib.core.records.payload import STATE, Reference, digest, execution_slots
from chalicelib.core.records.quotations import QUOTED
from chalicelib.core.records.shown import around, fitting, nothing, quoted
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with
from chalicelib.engine.run_ahead import recorded
from tests.adapters.conftest import Backend
from tests.adapters.examples import NOW, following, submitted, waiting
from tests.adapters.test_payloads import noise

if TYPE_CHECKING:
    from chalicelib.core.records.bundles import Bundled

HEADER = 3 * 1024
"""Bytes that an item may take, compressed, of which none of 200 values has changed."""


class CountingChunks(MemoryChunks):
    """A store that counts the bytes that are put, and keeps in mind what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.read: list[ChunkKey] = []

    def put(self, sha256: str, number: int, content: bytes) -> None:
        self.bytes += len(content)
        super().put(sha256, number, content)

    def add(self, sha256: str, number: int, content: bytes) -> None:
        self.bytes += len(content)
        super().add(sha256, number, content)

    def get(self, keys: Collection[ChunkKey]) -> Mapping[ChunkKey, bytes]:
        self.read += keys
        return super().get(keys)


def values(count: int, size: int, seed: str = "") -> list[Json]:
    return [{"number": n, "text": noise(size - 30, f"{seed}{n}")} for n in range(count)]


def live(given: Json, stash: Mapping[str, Json], **more: object) -> Execution:
    made = waiting(submitted("t", value=given))
    return copy_with(made, threads={ROOT: copy_with(made.threads[ROOT], stash=stash, **more)})


class Book:
    """An execution that is written again and again, each time by a function that has never seen it."""

    def __init__(self, given: Json) -> None:
        self.chunks = CountingChunks()
        Payloads(self.chunks).put({digest("t", text): text for text in [encode(given)]})
        self.chunks.bytes, self.execution = 0, submitted("t", value=given)
        self.written: Bundled | None = None
        self.references: Mapping[str, Reference] = {}

    def write(self, execution: Execution) -> int:
        """Write it as its next version; answer the bytes of its item, compressed, and of what is put beside it."""
        payloads, stored = Payloads(self.chunks), None
        if self.written is not None:
            document, stored = payloads.restore("t", self.written.body, self.references)
            assert read_execution(document) == self.execution
        made, before = copy_with(execution, stored=stored), self.chunks.bytes
        packed = payloads.shorten("t", execution_json(made), execution_slots, STATE, stored=stored)
        if stored is None and made.input is not None:
            payloads.get("t", [Reference(digest("t", encode(made.input)), len(encode(made.input)))])
        self.written, self.references = payloads.bundle(packed, made, STATE), packed.references
        payloads.put({**packed.payloads, **self.written.payloads})
        document, _ = Payloads(self.chunks).restore("t", self.written.body, self.references)
        self.execution = read_execution(document)
        assert self.execution == execution
        return len(zlib.compress(self.written.body.content)) + self.chunks.bytes - before


@pytest.mark.parametrize(("count", "size"), [(8, 50_000), (40, 10_000), (200, 2_000), (12, 60_000)])
def test_what_is_in_a_long_payload_is_not_written_again(count: int, size: int) -> None:
    given = values(count, size)
    book = Book(given)
    stash = {f"v{n}": each for n, each in enumerate(given)}
    for _ in range(2):
        assert book.write(live(given, stash)) < HEADER


def test_what_changed_is_written_and_nothing_else() -> None:
    given = values(40, 10_000)
    stash = {f"v{n}": each for n, each in enumerate(given)}
    book = Book(given)
    book.write(live(given, stash))
    new = noise(5_000, "new")
    assert book.write(live(given, stash | {"v7": new})) < HEADER + 5_000


def test_values_in_any_order_and_the_same_in_several_places_come_back() -> None:
    given = values(40, 10_000)
    stash = {f"v{n}": given[n * 7 % 40] for n in range(40)}
    book = Book(given)
    assert book.write(live(given, stash, incoming=given[3], results={"x": given[3], "y": None})) < HEADER


def test_a_payload_that_left_the_state_is_referred_to_as_long_as_values_are_in_it() -> None:
    made = values(40, 10_000)
    stash = {f"v{n}": each for n, each in enumerate(made)}
    book = Book(made)
    book.write(live(None, stash | {"all": made}))
    assert book.write(live(None, stash)) < HEADER
    assert book.write(live(None, stash)) < HEADER
    assert not book.references
    assert book.written is not None
    assert [each.bytes for each in book.written.body.bases] == [len(encode(made))]


def test_what_looks_like_a_mark_is_a_value() -> None:
    given = values(40, 10_000)
    lookalike = {"a": "\x000", "b": {"\x001": ["\x000"]}, "c": '"\x000"', "d": "\x00" + "9" * 5_000}
    Book(given).write(live(given, {"v": given[0], "w": given[1]} | lookalike))


def test_small_values_without_end_move_with_their_group() -> None:
    given = values(40, 10_000)
    many = {f"s{n}": noise(300, f"s{n}") for n in range(2_000)}
    Book(given).write(live(given, many | {"v": given[0]}))


def test_a_state_quotes_no_more_than_whoever_shows_it_can_hold() -> None:
    given = values(20, 60_000)
    book = Book(given)
    book.write(live(given, {f"v{n}": given[n % 20] for n in range(100)}))
    assert book.written is not None
    assert QUOTED - 60_000 < sum(length for _, _, length in book.written.body.places) <= QUOTED


def test_what_tells_what_a_thread_waits_for_is_not_quoted() -> None:
    given = [noise(1_000, "key"), *values(40, 10_000)]
    key = given[0]
    assert isinstance(key, str)
    book = Book(given)
    wait = AnswerWait(AnswerKind.EVENT, name="e", event_key=key)
    book.write(live(given, {"v": given[1]}, wait=wait))
    assert book.written is not None
    assert key.encode() in book.written.body.own


class TestOutline:
    given = values(40, 10_000)

    def written(self) -> Book:
        book = Book(self.given)
        book.write(live(self.given, {f"v{n}": each for n, each in enumerate(self.given)} | {"own": 7}))
        return book

    def test_whoever_asks_for_no_value_does_not_read_the_payload(self) -> None:
        book = self.written()
        assert book.written is not None
        book.chunks.read.clear()
        document, left_out = Payloads(book.chunks).outline(
            "t", book.written.body, book.references, nothing, ended=False
        )
        assert not book.chunks.read
        assert document["threads"][0]["stash"] == {**{f"v{n}": None for n in range(40)}, "own": 7}
        assert left_out.keys() == {"/input"}

    @pytest.mark.parametrize("selection", [quoted, fitting, around("/stash/v3")])
    def test_all_others_read_it(self, selection: object) -> None:
        book = self.written()
        assert book.written is not None
        document, left_out = Payloads(book.chunks).outline(
            "t",
            book.written.body,
            book.references,
            selection,
            ended=False,  # type: ignore[arg-type]
        )
        assert document["threads"][0]["stash"]["v3"] == self.given[3]
        assert left_out.keys() == {"/input"}


class TestHistory:
    given = values(80, 10_000)
    stash: Mapping[str, Json] = MappingProxyType({f"v{n}": each for n, each in enumerate(given)})
    record = HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, 1, "make", result=1, stash={**stash})

    def test_a_row_refers_to_what_is_in_a_long_payload(self) -> None:
        item = submitted("t", value=self.given)
        row = new_row(item, "r#1", news(item, [self.record]))
        assert len(row.text) < 1_000
        (record,) = row.records
        text = encode({**self.stash})
        assert record["references"].keys() == {"/stash"}
        reference = Reference(**record["references"]["/stash"])
        assert reference == Reference(digest("t", text), len(text))
        chunks = CountingChunks()
        payloads = Payloads(chunks)
        payloads.put({digest("t", encode(self.given)): encode(self.given)})
        before = chunks.bytes
        payloads.put(row.payloads, row.held)
        assert chunks.bytes - before < HEADER
        assert len(encode(self.given)) > 2 * CHUNK_BYTES
        assert Payloads(chunks).get("t", [reference]) == {reference.sha256: text}
        place = text.index(b'"v60"')
        chunks.read.clear()
        assert Payloads(chunks).read_text("t", reference, place, place + 5) == b'"v60"'
        assert {number for _, number in chunks.read} == {0, 1}, "the chunk, and those of the payload with its values"

    def test_so_does_one_that_is_written_later(self) -> None:
        book = Book(self.given)
        book.write(live(self.given, self.stash))
        assert book.written is not None
        _, stored = Payloads(book.chunks).restore("t", book.written.body, book.references)
        item = copy_with(book.execution, stored=stored)
        row = new_row(item, "r#2", news(item, [self.record]))
        assert len(row.text) < 1_000
        assert digest("t", encode(self.given)) in row.held

    def test_so_does_a_result_of_which_the_row_comes_later(self) -> None:
        book = Book(self.given)
        book.write(live(self.given, {**self.stash}))
        assert book.written is not None
        payloads = Payloads(book.chunks)
        _, stored = payloads.restore("t", book.written.body, book.references)
        item = copy_with(book.execution, stored=stored)
        found = news(item, [copy_with(self.record, result=self.given[7], stash={}, size=10_000)])
        before = book.chunks.bytes
        assert recorded(MemoryHistory(payloads), None, found, item).cost.writes == item.cost.writes + 1
        assert 0 < book.chunks.bytes - before < 300
        (text,) = found.payloads.values()
        reference = Reference(digest("t", text), len(text))
        assert Payloads(book.chunks).get("t", [reference]) == found.payloads

    def test_a_group_of_other_values_is_put_as_ever(self) -> None:
        item = submitted("t", value=self.given)
        others = {f"v{n}": each for n, each in enumerate(values(10, 10_000, "other"))}
        row = new_row(item, "r#1", news(item, [copy_with(self.record, stash=others)]))
        (record,) = row.records
        assert record["stash"] == others

    def test_what_is_in_no_store_is_lost(self) -> None:
        item = submitted("t", value=self.given)
        row = new_row(item, "r#1", news(item, [self.record]))
        chunks, source = CountingChunks(), digest("t", encode(self.given))
        payloads = Payloads(chunks)
        payloads.put({source: encode(self.given)})
        payloads.put(row.payloads, row.held)
        reference = Reference(**row.records[0]["references"]["/stash"])
        del chunks.contents[source, 1]
        assert Payloads(chunks).lost("t", [reference]) == [reference]


def test_it_comes_back_from_every_store(backend: Backend, tenant: str) -> None:
    given = values(40, 10_000)
    execution = submitted(tenant, value=given)
    backend.executions.create(execution)
    root = copy_with(execution.threads[ROOT], stash={f"v{n}": each for n, each in enumerate(given)})
    first = copy_with(waiting(execution), threads={ROOT: root})
    backend.executions.update(first)
    found = backend.executions.get(execution.id)
    assert found == first
    assert found.stored is not None
    assert found.stored.far.keys() == {digest(tenant, encode(given))}
    assert found.item_bytes < 20_000
    backend.executions.update(following(found))
    assert backend.executions.get(execution.id) == following(first)


def test_threads_have_their_own(backend: Backend, tenant: str) -> None:
    given = values(40, 10_000)
    execution = submitted(tenant, value=given)
    root = execution.threads[ROOT]
    others: dict[str, Thread] = {f"main.1.{n}": copy_with(root, id=f"main.1.{n}", item=given[n]) for n in range(40)}
    backend.executions.create(copy_with(execution, threads={ROOT: root, **others}))
    found = backend.executions.get(execution.id)
    assert found is not None
    assert [found.threads[name].item for name in others] == given
