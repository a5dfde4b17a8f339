import hashlib
import zlib
from collections import Counter

import pytest

from chalicelib.adapters.memory.chunks import MemoryChunks
from chalicelib.adapters.memory.stores import MemoryExecutions, MemoryHistory
from chalicelib.adapters.payloads import CHUNK_BYTES, ChunkKey, Payloads
from chalicelib.core.executions.model import ROOT, HistoryEntry, State
from chalicelib.core.records.payload import PackingLimits, Reference, digest
from chalicelib.core.records.quotations import read_differing
from chalicelib.core.values.errors import PayloadLostError, UnavailableError
from chalicelib.core.values.json import decode, encode
from chalicelib.core.values.value import copy_with
from chalicelib.ports import Stale
from tests.adapters.conftest import Backend
from tests.adapters.examples import NOW, history_row, submitted, waiting


class TestParts:
    def test_parts_that_were_put_are_read_and_others_left_out(self, backend: Backend, tenant: str) -> None:
        sha256 = hashlib.sha256(tenant.encode()).hexdigest()
        backend.chunks.put(sha256, 0, b"\x00\xff")
        backend.chunks.put(sha256, 10, b"ten")
        keys = [(sha256, 0), (sha256, 1), (sha256, 10), (sha256[::-1], 0)]
        assert backend.chunks.get(keys) == {(sha256, 0): b"\x00\xff", (sha256, 10): b"ten"}

    def test_a_part_that_is_put_twice_is_there(self, backend: Backend, tenant: str) -> None:
        for _ in range(2):
            backend.chunks.put(tenant, 0, b"same")
        assert backend.chunks.get([(tenant, 0)]) == {(tenant, 0): b"same"}

    def test_one_that_is_added_is_not_written_over_another(self, backend: Backend, tenant: str) -> None:
        for content in (b"first", b"second"):
            backend.chunks.add(tenant, 0, content)
        assert backend.chunks.get([(tenant, 0)]) == {(tenant, 0): b"first"}

    def test_more_parts_than_one_batch_are_read(self, backend: Backend, tenant: str) -> None:
        keys = [(f"{tenant}-{n}", n % 3) for n in range(120)]
        for sha256, number in keys:
            backend.chunks.put(sha256, number, b"x")
        assert backend.chunks.get(keys).keys() == set(keys)

    def test_no_parts_are_read_for_no_keys(self, backend: Backend) -> None:
        assert backend.chunks.get([]) == {}


class CountingParts(MemoryChunks):
    """ChunkStore that count what is put, and refuse it while told so."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: list[ChunkKey] = []
        self.refuses = False

    def put(self, sha256: str, part: int, content: bytes) -> None:
        if self.refuses:
            raise UnavailableError
        self.puts.append((sha256, part))
        super().put(sha256, part, content)


class TestPayloads:
    value = b"abc" * CHUNK_BYTES
    sha256 = digest("t", value)
    reference = Reference(sha256, len(value))

    def test_a_value_is_cut_into_parts_and_each_is_compressed(self) -> None:
        Payloads(chunks := MemoryChunks()).put({self.sha256: self.value})
        assert chunks.contents.keys() == {(self.sha256, number) for number in range(3)}
        assert [len(zlib.decompress(part)) for part in chunks.contents.values()] == [CHUNK_BYTES] * 3
        assert Payloads(chunks).get("t", [self.reference]) == {self.sha256: self.value}

    def test_what_fills_its_last_part_has_no_empty_one(self) -> None:
        Payloads(chunks := MemoryChunks()).put({"a": b"x" * CHUNK_BYTES, "b": b"x" * (CHUNK_BYTES + 1), "c": b"1"})
        assert Counter(sha256 for sha256, _ in chunks.contents) == {"a": 1, "b": 2, "c": 1}

    @pytest.mark.parametrize("damage", [b"", b"no zlib", zlib.compress(b"other")])
    def test_a_payload_that_was_changed_is_told(self, damage: bytes) -> None:
        Payloads(chunks := MemoryChunks()).put({self.sha256: self.value})
        chunks.contents[self.sha256, 1] = damage
        with pytest.raises(PayloadLostError):
            Payloads(chunks).get("t", [self.reference])

    def test_a_lost_part_is_told(self) -> None:
        Payloads(chunks := MemoryChunks()).put({self.sha256: self.value})
        del chunks.contents[self.sha256, 2]
        with pytest.raises(PayloadLostError):
            Payloads(chunks).get("t", [self.reference])

    def test_another_tenant_cannot_read_it(self) -> None:
        Payloads(chunks := MemoryChunks()).put({self.sha256: self.value})
        with pytest.raises(PayloadLostError):
            Payloads(chunks).get("u", [self.reference])

    def test_only_so_many_are_remembered_as_written(self) -> None:
        payloads = Payloads(chunks := CountingParts(), known=1)
        for value in (b"a", b"a", b"b", b"a"):
            payloads.put({digest("t", value): value})
        assert len(chunks.puts) == 3

    def test_what_was_refused_is_written_again(self) -> None:
        payloads = Payloads(chunks := CountingParts())
        chunks.refuses = True
        with pytest.raises(UnavailableError):
            payloads.put({self.sha256: self.value})
        chunks.refuses = False
        payloads.put({self.sha256: self.value})
        assert payloads.get("t", [self.reference]) == {self.sha256: self.value}


class TestVersions:
    """Values that are much the same."""

    texts = tuple(encode([[n, f"{n * n * 7919:x}"] for n in range(1_000)] + [mark]) for mark in range(3))
    hashes = tuple(digest("t", text) for text in texts)
    references = tuple(Reference(sha256, len(text)) for sha256, text in zip(hashes, texts, strict=True))

    def test_a_version_is_written_as_what_differs_from_one_that_is_there(self) -> None:
        payloads = Payloads(chunks := MemoryChunks())
        payloads.put({self.hashes[0]: self.texts[0]})
        payloads.put({self.hashes[1]: self.texts[1]}, {self.hashes[0]: self.texts[0]})
        assert len(chunks.contents[self.hashes[1], 0]) < 200
        assert Payloads(chunks).get("t", self.references[1:2]) == {self.hashes[1]: self.texts[1]}
        assert Payloads(chunks).read_text("t", self.references[1], 10, 20) == self.texts[1][10:20]

    def test_it_differs_from_none_that_differs_itself(self) -> None:
        known = dict(zip(self.hashes, self.texts, strict=True))
        Payloads(chunks := MemoryChunks()).put(known)
        (whole,) = (sha256 for sha256, _ in chunks.contents if len(chunks.contents[sha256, 0]) > 1_000)
        reader = Payloads(chunks)
        assert reader.get("t", self.references) == known
        later = encode([*decode(self.texts[0]), "later"])
        reader.put({digest("t", later): later}, known)
        content = chunks.contents[digest("t", later), 0]
        assert [base.sha256 for base in read_differing(content).bases] == [whole]

    def test_without_what_it_differs_from_it_is_lost(self) -> None:
        payloads = Payloads(chunks := MemoryChunks())
        payloads.put(dict(zip(self.hashes[:2], self.texts, strict=False)))
        whole = max(chunks.contents, key=lambda key: len(chunks.contents[key]))
        del chunks.contents[whole]
        for reference in self.references[:2]:
            with pytest.raises(PayloadLostError):
                Payloads(chunks).get("t", [reference])

    def test_it_is_not_written_over_what_others_may_differ_from(self) -> None:
        known = dict(zip(self.hashes, self.texts, strict=True))
        first, second = (Payloads(chunks := MemoryChunks()), Payloads(chunks))
        first.put({self.hashes[0]: self.texts[0]})
        second.put({self.hashes[1]: self.texts[1]})
        second.put({self.hashes[0]: self.texts[0]}, {self.hashes[1]: self.texts[1]})
        assert Payloads(chunks).get("t", self.references[:2]) == {each: known[each] for each in self.hashes[:2]}
        assert min(map(len, chunks.contents.values())) > 1_000, "both stand there as they are"


RECORD = HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, 1, "s", result="x" * 50)


class TestMemory:
    """The memory adapters keep large values as the real ones do."""

    limits = PackingLimits(slot=40, document=2000, smallest=20)

    def test_an_item_holds_references(self, tenant: str) -> None:
        chunks = MemoryChunks()
        store = MemoryExecutions(Payloads(chunks, self.limits))
        execution = submitted(tenant, value="x" * 50)
        store.create(execution)
        sha256 = digest(tenant, f'"{execution.input}"'.encode())
        assert chunks.contents.keys() == {(sha256, 0)}
        assert "x" * 50 not in store.items[execution.id]
        assert sha256 in store.items[execution.id]
        assert store.get(execution.id) == execution

    def test_nothing_is_written_when_a_payload_is_refused(self, tenant: str) -> None:
        chunks = CountingParts()
        chunks.refuses = True
        payloads = Payloads(chunks, self.limits)
        store, history = MemoryExecutions(payloads), MemoryHistory(payloads)
        execution = submitted(tenant, value="x" * 50)
        row = history_row(execution.id, 1, "r#1", None, [RECORD], self.limits)
        for write in (lambda: store.create(execution), lambda: store.update(waiting(execution))):
            with pytest.raises(UnavailableError):
                write()
        with pytest.raises(UnavailableError):
            history.append(row)
        assert not store.items
        assert not history.rows

    @pytest.mark.parametrize("method", ["create", "update"])
    def test_a_writer_that_is_overtaken_while_it_writes_payloads_is_refused(self, tenant: str, method: str) -> None:
        rival = waiting(submitted(tenant))

        class Overtaken(MemoryChunks):
            def put(self, sha256: str, part: int, content: bytes) -> None:
                super().put(sha256, part, content)
                other.update(rival)

        store, other = MemoryExecutions(Payloads(Overtaken(), self.limits)), MemoryExecutions()
        other.items = store.items
        mine = submitted(tenant, value="x" * 50)
        with pytest.raises(Stale) as stale:
            getattr(store, method)(mine if method == "create" else copy_with(mine, version=1))
        assert stale.value.current == rival

    def test_rows_are_kept_without_their_payloads(self, tenant: str) -> None:
        chunks = MemoryChunks()
        history = MemoryHistory(Payloads(chunks))
        row = history_row(f"{tenant}:d:1", 1, "r#1", None, [RECORD], self.limits)
        history.append(row)
        assert [read.payloads for read in history.read(row.execution, "", 10)] == [{}]
        assert {sha256 for sha256, _ in chunks.contents} == row.payloads.keys()
