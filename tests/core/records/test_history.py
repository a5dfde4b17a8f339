import base64
import random
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core.executions.model import ROOT, Execution, Failure, HistoryEntry, Link, State, Status, Thread
from chalicelib.core.records.history import (
    HistoryKey,
    Row,
    anchor,
    chained,
    longer,
    new_row,
    newest,
    news,
    put_back,
    stays,
)
from chalicelib.core.records.payload import PACKING, PackingLimits, digest
from chalicelib.core.values.errors import HistoryBrokenError
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(version: int, previous: Row | None, writer: str = "r#1") -> Row:
    record = HistoryEntry(NOW, State.STEP_STARTED, "main", version, "step", result=writer)
    return made_row([record], version, previous, writer)


def execution(version: int = 0, head: Link | None = None, tail: str = "") -> Execution:
    return Execution("t:d:1", "t", "d", 1, "nonce", None, NOW, {}, version, head=head, tail=tail, writer="r#1")


def made_row(
    records: Sequence[HistoryEntry],
    version: int = 1,
    previous: Row | None = None,
    writer: str = "r#1",
    limits: PackingLimits = PACKING,
) -> Row:
    item = execution(version - 1, previous and previous.link)
    return new_row(item, writer, news(item, records, limits), limits)


def rows(count: int) -> list[Row]:
    made: list[Row] = []
    for version in range(1, count + 1):
        made.append(row(version, made[-1] if made else None))
    return made


def test_a_key_tells_the_version_and_who_wrote_it_and_sorts_by_the_version() -> None:
    key = HistoryKey(7, "r#1")
    assert str(key) == "000000000007#r#1"
    assert HistoryKey.parse(str(key)) == key
    assert str(HistoryKey(6, "z#9")) < HistoryKey.least(7) < str(key) < str(HistoryKey(10, "a#1"))


def test_rows_on_the_chain_count_in_order_and_losers_do_not() -> None:
    first, second, third = rows(3)
    loser = row(2, first, "other#1")
    assert chained([first, loser, second, third], third.link) == [first, second, third]


def test_a_changed_row_is_noticed() -> None:
    first, second = rows(2)
    changed = Row(first.execution, first.key, first.previous, b'[{"state":"StepFailed"}]')
    with pytest.raises(HistoryBrokenError):
        chained([changed, second], second.link)


def test_a_missing_row_is_noticed() -> None:
    first, _, third = rows(3)
    with pytest.raises(HistoryBrokenError):
        chained([first, third], third.link)


def test_a_page_ends_before_the_version_it_goes_on_after() -> None:
    _, second, third = rows(3)
    assert chained([second, third], third.link, second.previous.key if second.previous else "") == [second, third]


class TestAnchor:
    def test_the_newest_row_is_sure(self) -> None:
        made = rows(3)
        assert anchor(made, made[-1].link) == made[-1].link
        assert anchor(made[-1:], made[-1].link) == made[-1].link

    def test_a_row_that_another_names_is_sure(self) -> None:
        made = rows(5)
        assert anchor(made[:3], made[-1].link) == made[1].link

    def test_rows_that_no_other_names_ask_for_more_rows(self) -> None:
        made = rows(5)
        rivals = [row(version, made[0], "other#1") for version in (2, 4)]
        assert anchor([made[1], *rivals], made[-1].link) is None
        assert anchor([], made[-1].link) is None
        assert anchor([made[0], rivals[0], made[1], made[2], rivals[1]], made[-1].link) == made[1].link


def text(records: Sequence[HistoryEntry]) -> str:
    return news(execution(), records).text


class TestTail:
    def test_what_is_new_goes_behind_it(self) -> None:
        old, new = text([succeeded(1)]), text([succeeded(2)])
        both = text([succeeded(1), succeeded(2)])
        assert (longer(old, new), longer(old, ""), longer("", new), longer("", "")) == (both, old, new, "")

    def test_it_stays_while_that_costs_less_than_a_row(self) -> None:
        new = text([succeeded(1)])
        for kept in ("x" * 1000, "x" * 15_000):
            assert stays(text([succeeded(kept)]), new), "it compresses"
        assert not stays(text([succeeded(noise(2_000))]), new)

    def test_it_goes_where_every_further_write_would_pay_for_another_kilobyte(self) -> None:
        paid, new = text([succeeded(noise(400))]), text([succeeded(1)])
        assert stays(paid, new, likely=1000), "there is room"
        assert not stays(paid, new, likely=1034), "without it there would be"
        assert stays(paid, new, likely=1024 + 400), "it would not help"
        assert stays("", new, likely=1034), "there is nothing to go"

    def test_what_is_new_stays_unless_every_write_would_compress_much_text_anew(self) -> None:
        assert stays("", "")
        assert stays("", text([succeeded(noise(8_000))]))
        assert not stays("", text([succeeded("x" * 9_000)]))
        assert stays(text([succeeded("x" * 8_000)]), text([succeeded("x" * 8_000)]))
        assert not stays(text([succeeded("x" * 9_000)]), text([succeeded("x" * 8_000)]))

    def test_it_is_the_row_that_it_may_become(self) -> None:
        before = row(1, None)
        item = execution(4, before.link, text([succeeded(1), succeeded(2)]))
        found = newest(item)
        assert found is not None
        assert (found.version, found.previous) == (4, before.link)
        assert [each["result"] for each in found.records] == [1, 2]
        assert newest(execution(4, before.link)) is None

    def test_a_row_takes_it_in(self) -> None:
        item = execution(4, None, text([succeeded(1)]))
        made = new_row(item, "r#2", news(item, [succeeded(2)]))
        assert ([each["result"] for each in made.records], made.key) == ([1, 2], f"{5:012d}#r#2")


def test_the_link_of_a_row_covers_all_of_it() -> None:
    first, second = rows(2)
    assert isinstance(second.previous, Link)
    assert second.previous == first.link
    assert Row(second.execution, second.key, None, second.text).link != second.link
    assert Row("other", second.key, second.previous, second.text).link != second.link


LARGE = "x" * 70_000
SOURCE = random.Random(1)


def noise(size: int) -> str:
    """Text that hardly compresses."""
    return base64.b64encode(SOURCE.randbytes(size * 3 // 4)).decode()


def succeeded(result: Json, **more: object) -> HistoryEntry:
    return copy_with(HistoryEntry(NOW, State.STEP_SUCCEEDED, ROOT, 1, "step", result=result), **more)


LONG: Json = {"text": "y" * 9_000}
"""Too long for the state, and not for a row."""


def sized(result: Json, **more: object) -> HistoryEntry:
    return succeeded(result, size=len(encode(result)), **more)


class TestSharedValues:
    """A long result that the state holds is written once."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"threads": {ROOT: Thread(ROOT, 2, Status.READY, "b", LONG, NOW, NOW)}},
            {"threads": {ROOT: Thread(ROOT, 2, Status.READY, "b", 1, NOW, NOW, stash={"kept": LONG})}},
            {"threads": {ROOT: Thread(ROOT, 2, Status.JOINING, "b", 1, NOW, NOW, results={"left": LONG})}},
            {"input": LONG},
            {"output": LONG},
            {"stash": {"kept": LONG}},
        ],
    )
    def test_a_record_refers_to_what_the_state_holds(self, changes: dict[str, Any]) -> None:
        item = copy_with(execution(), **changes)
        found = news(item, [sized(LONG), sized(1)])
        assert list(found.payloads.values()) == [encode(LONG)]
        first, second = new_row(item, "r#1", found).records
        reference = {"sha256": digest("t", encode(LONG)), "bytes": len(encode(LONG))}
        assert (first["result"], first["references"]) == (None, {"/result": reference})
        assert (second["result"], "references" in second) == (1, False)

    def test_what_it_left_in_the_stash_as_it_is_is_the_same_value(self) -> None:
        record = sized(LONG, stash={"a/b": {"text": "y" * 9_000}, "other": {"text": "z" * 9_000}, "small": 1})
        (shown,) = new_row(execution(), "r#1", news(copy_with(execution(), input=LONG), [record])).records
        assert shown["references"].keys() == {"/result", "/stash/a~1b"}
        assert shown["stash"] == {"a/b": None, "other": {"text": "z" * 9_000}, "small": 1}

    def test_so_is_what_a_step_got(self) -> None:
        params: Json = {"body": LONG, "url": "https://x", "other": {"text": "z" * 9_000}}
        record = copy_with(succeeded(None), about={"params": params}, size=len(encode(params)))
        made = new_row(execution(), "r#1", news(copy_with(execution(), input=LONG), [record]))
        (shown,) = made.records
        assert (shown["params"]["body"], shown["references"].keys()) == (None, {"/params/body"})
        assert (shown["params"]["url"], shown["params"]["other"]) == ("https://x", {"text": "z" * 9_000})
        put_back(shown, made.payloads)
        assert (shown["params"], "references" in shown) == (params, False)

    def test_of_what_a_step_got_large_values_move_out(self) -> None:
        params: Json = {"body": "x" * 70_000, "url": "u"}
        record = copy_with(succeeded(None), about={"params": params}, size=70_000)
        made = new_row(execution(), "r#1", news(execution(), [record]))
        (shown,) = made.records
        assert len(made.text) < 1_000
        put_back(shown, made.payloads)
        assert shown["params"] == params

    def test_what_is_no_object_stays(self) -> None:
        record = copy_with(succeeded(None), about={"params": "x" * 70_000}, size=70_000)
        made = new_row(execution(), "r#1", news(execution(), [record]))
        assert made.records[0]["params"] == "x" * 70_000

    def test_a_value_that_the_state_does_not_hold_and_a_short_one_stay(self) -> None:
        short: Json = {"text": "y" * 8_000}
        for result, kept in ((LONG, {"text": "y" * 9_001}), ([True] * 2_000, [1] * 2_000), (short, short)):
            found = news(copy_with(execution(), input=kept), [sized(result)])
            assert (found.payloads, "references" in found.text) == ({}, False)

    def test_a_short_one_that_is_the_input_is_referred_to_where_that_stands_beside_the_state(self) -> None:
        given, other = {"text": "y" * 600}, {"text": "z" * 600}
        item = copy_with(execution(), input=given, output=other, input_aside=True)
        found = news(item, [sized(given), sized(other), sized("y")])
        assert list(found.payloads.values()) == [encode(given)]
        assert ["references" in record for record in new_row(item, "r#1", found).records] == [True, False, False]

    def test_values_are_put_back_where_they_were(self) -> None:
        record = sized(LONG, stash={"a/b": LONG}, error=Failure("No", "no", "s", details=LARGE))
        item = copy_with(execution(), input=LONG)
        made = new_row(item, "r#1", news(item, [sized(2), record]))
        few, all_ = made.records[1], made.records[1]
        put_back(few, {digest("t", encode(LONG)): encode(LONG)})
        assert (few["result"], few["stash"], few["error"]["details"]) == (LONG, {"a/b": LONG}, None)
        assert few["references"].keys() == {"/error/details"}
        put_back(all_, made.payloads)
        assert all_["error"]["details"] == LARGE
        assert "references" not in all_

    def test_a_value_in_a_group_comes_back_after_the_group(self) -> None:
        stash: dict[str, Json] = {f"s{n}": n for n in range(200)} | {"kept": LONG}
        item = copy_with(execution(), input=LONG)
        made = new_row(
            item, "r#1", news(item, [sized(LONG, stash=stash)]), PackingLimits(slot=1000, document=1000, smallest=20)
        )
        (whole,), (inner,) = made.records, made.records
        assert whole["references"].keys() == {"/result", "/stash", "/stash/kept"}
        put_back(whole, made.payloads)
        assert (whole["stash"], "references" in whole) == (stash, False)
        put_back(inner, {digest("t", encode(LONG)): encode(LONG)})
        assert (inner["result"], inner["stash"], inner["references"].keys()) == (LONG, None, {"/stash", "/stash/kept"})

    def test_the_word_in_a_users_value_is_no_reference(self) -> None:
        item = execution()
        result: Json = {"references": {"/result": 1}}
        (record,) = new_row(item, "r#1", news(item, [succeeded(result)])).records
        put_back(record, {})
        assert record["result"] == result

    def test_one_of_many_characters_and_few_bytes_stays(self) -> None:
        result: Json = [1e16] * 1_400
        assert len(encode(result)) < 8_000
        item = copy_with(execution(), input=result)
        assert not news(item, [succeeded(result, size=8_401)]).payloads


class TestLargeValues:
    def test_a_record_has_a_reference_in_place_of_a_large_value(self) -> None:
        error = Failure("Http", "no", "step", details=[LARGE])
        made = made_row([succeeded(1), succeeded(LARGE, error=error, stash={"a/b": LARGE})])
        small, large = made.records
        text, details = encode(LARGE), encode([LARGE])
        reference = {"sha256": digest("t", text), "bytes": 70_002}
        assert "references" not in small
        assert large["references"] == {
            "/result": reference,
            "/stash/a~1b": reference,
            "/error/details": {"sha256": digest("t", details), "bytes": 70_004},
        }
        assert (large["result"], large["stash"]) == (None, {"a/b": None})
        assert made.payloads == {digest("t", text): text, digest("t", details): details}

    def test_a_row_is_verified_without_its_payloads(self) -> None:
        made = made_row([succeeded(LARGE)])
        read = copy_with(made, payloads={})
        assert chained([read], made.link) == [made]

    def test_another_large_value_is_another_hash(self) -> None:
        one, other = (made_row([succeeded(LARGE + end)]) for end in "ab")
        assert one.link != other.link

    def test_limits_can_be_given(self) -> None:
        made = made_row([succeeded("x" * 50)], limits=PackingLimits(slot=40, document=1000, smallest=20))
        assert list(made.payloads.values()) == [encode("x" * 50)]

    @pytest.mark.parametrize(
        ("count", "result", "members"),
        [(2000, 1000, 0), (6000, 500, 0), (1000, 400, 3), (300, 60_000, 0), (100, 200, 1000), (3000, 0, 0)],
    )
    def test_a_row_stays_below_what_an_item_holds(self, count: int, result: int, members: int) -> None:
        stash: dict[str, Json] = {f"name-{n}": noise(100) for n in range(members)}
        records = [succeeded(noise(result), turn=n, stash=stash and {**stash, "n": n}) for n in range(count)]
        made = made_row(records)
        assert len(zlib.compress(made.text)) < 400 * 1024 - 1000
