from dataclasses import dataclass, field

import pytest

from chalicelib.core.values.errors import UnavailableError
from chalicelib.engine.optimistic import change, put_new


@dataclass
class Row:
    """A number that others change as often as they are quicker."""

    quicker: int = 0
    value: int = 0
    reads: int = 0
    writes: list[int] = field(default_factory=list)

    def read(self) -> int:
        self.reads += 1
        return self.value

    def write(self, wanted: int) -> bool:
        if self.quicker:
            self.quicker -= 1
            self.value += 100
            return False
        self.writes.append(wanted)
        self.value = wanted
        return True


class TestChange:
    def test_what_others_wrote_is_read_and_changed_again(self) -> None:
        row = Row(quicker=2)
        assert change(row.read, lambda value: (value + 1, f"was {value}"), row.write, "a row") == "was 200"
        assert row.writes == [201]

    def test_what_does_not_change_is_not_written(self) -> None:
        row = Row()
        assert change(row.read, lambda value: (value, "the same"), row.write, "a row") == "the same"
        assert row.writes == []

    def test_it_is_not_tried_for_ever(self) -> None:
        row = Row(quicker=10)
        with pytest.raises(UnavailableError, match="quicker 3 times to write a row"):
            change(row.read, lambda value: (value + 1, None), row.write, "a row", tries=3)
        assert row.reads == 3


class TestPutNew:
    def test_the_first_whose_place_is_free_is_put(self) -> None:
        taken = {1, 2}
        assert put_new(1, lambda value: value not in taken, lambda value: value + 1, "a number") == 3

    def test_it_is_not_tried_for_ever(self) -> None:
        with pytest.raises(UnavailableError, match="quicker 3 times to write a number"):
            put_new(1, lambda value: value < 0, lambda value: value + 1, "a number", tries=3)
