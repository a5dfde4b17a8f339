from typing import Any

import pytest

from benchmarks.units import (
    index_units,
    item_size,
    number_size,
    put_units,
    queue_requests,
    read_units,
    value_size,
    write_units,
)

KB = 1024


class TestSizes:
    @pytest.mark.parametrize(
        ("attribute", "size"),
        [
            ({"S": ""}, 0),
            ({"S": "abc"}, 3),
            ({"S": "Malmö"}, 6),
            ({"B": b"\x00\x01\x02"}, 3),
            ({"NULL": True}, 1),
            ({"BOOL": False}, 1),
            ({"N": "7"}, 2),
            ({"L": []}, 3),
            ({"M": {}}, 3),
            ({"L": [{"S": "ab"}, {"NULL": True}]}, 3 + (1 + 2) + (1 + 1)),
            ({"M": {"key": {"S": "value"}}}, 3 + 1 + 3 + 5),
            ({"M": {"outer": {"L": [{"M": {}}]}}}, 3 + 1 + 5 + 3 + 1 + 3),
            ({"SS": ["a", "bc"]}, 3),
            ({"NS": ["1", "22"]}, 4),
            ({"BS": [b"a", b"bc"]}, 3),
        ],
    )
    def test_a_value_has_the_bytes_that_aws_says(self, attribute: dict[str, Any], size: int) -> None:
        assert value_size(attribute) == size

    @pytest.mark.parametrize(
        ("number", "size"),
        [("0", 1), ("1", 2), ("12", 2), ("123", 3), ("1200", 2), ("0.0012", 2), ("-12", 3), ("1.5E+3", 2)],
    )
    def test_a_number_has_a_byte_for_two_significant_digits_and_one_more(self, number: str, size: int) -> None:
        assert number_size(number) == size

    def test_an_item_is_the_names_and_values_of_its_attributes(self) -> None:
        assert item_size({"id": {"S": "t:d:1"}, "länge": {"N": "10"}}) == 2 + 5 + 6 + 2

    def test_a_type_that_there_is_not_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no type 'X'"):
            value_size({"X": 1})


class TestUnits:
    @pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (KB, 1), (KB + 1, 2), (10 * KB, 10)])
    def test_a_write_costs_a_unit_for_each_begun_kilobyte(self, size: int, units: int) -> None:
        assert write_units(size) == units

    @pytest.mark.parametrize(("before", "after", "units"), [(0, 3 * KB, 3), (3 * KB, 1, 3), (1, 3 * KB, 3)])
    def test_a_put_costs_the_larger_of_what_stood_there_and_what_does(
        self, before: int, after: int, units: int
    ) -> None:
        assert put_units(before, after) == units

    @pytest.mark.parametrize(("size", "units"), [(0, 1), (4 * KB, 1), (4 * KB + 1, 2), (9 * KB, 3)])
    def test_a_read_costs_a_unit_for_each_begun_4_kilobytes_and_half_of_it_without_consistency(
        self, size: int, units: int
    ) -> None:
        assert read_units(size, consistent=True) == units
        assert read_units(size, consistent=False) == units / 2

    @pytest.mark.parametrize(
        ("sizes", "requests"),
        [([], 1), ([1] * 10, 1), ([64 * KB], 1), ([64 * KB, 1], 2), ([100 * KB, 100 * KB], 4)],
    )
    def test_a_batch_of_messages_is_a_request_for_each_begun_64_kilobytes_of_all(
        self, sizes: list[int], requests: int
    ) -> None:
        assert queue_requests(sizes) == requests


ENTRY: Any = {"due": {"S": "1"}, "id": {"S": "x"}}


class TestIndex:
    @pytest.mark.parametrize(
        ("before", "after", "units"),
        [
            (None, None, 0),
            (None, ENTRY, 1),
            (ENTRY, None, 1),
            (ENTRY, ENTRY, 0),
            (ENTRY, {**ENTRY, "due": {"S": "2"}}, 2),
            (ENTRY, {**ENTRY, "note": {"S": "x"}}, 1),
            (ENTRY, {**ENTRY, "note": {"S": "x" * 2 * KB}}, 3),
        ],
    )
    def test_an_entry_costs_a_write_to_put_to_delete_and_to_change_and_two_to_move(
        self, before: Any, after: Any, units: int
    ) -> None:
        assert index_units(["due"], before, after) == units
