import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from benchmarks.documents import order
from benchmarks.metering import Usage
from benchmarks.pricing import MEMORY_MB, cost
from benchmarks.report import BEGIN, DOCUMENT, END, written
from benchmarks.shapes import mapped
from benchmarks.tables import Progress, Section, markdown, shown, text
from chalicelib.core.values.json import encode
from chalicelib.core.values.prices import PRICES

SECTION = Section("What it is", ("what", "how many"), [("one | two", 12), ("a", 0.5)], "So it is.")
CONFIG = Path(__file__).parents[2] / ".chalice" / "config.json"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class TestTables:
    def test_a_terminal_gets_aligned_columns(self) -> None:
        lines = [
            "What it is",
            "",
            "what       how many",
            "---------  --------",
            "one | two        12",
            "a             0.500",
        ]
        assert text(SECTION).splitlines() == [*lines, "", "So it is."]

    def test_a_document_gets_markdown(self) -> None:
        lines = ["### What it is", "", "| what | how many |", "| --- | ---: |", "| one \\| two | 12 |", "| a | 0.500 |"]
        assert markdown(SECTION).splitlines() == [*lines, "", "So it is."]

    @pytest.mark.parametrize(
        ("cell", "text"),
        [
            (None, ""),
            ("x", "x"),
            (1234, "1234"),
            (0.12345, "0.123"),
            (1.2345, "1.23"),
            (123.45, "123"),
            (1234.5, "1234"),
        ],
    )
    def test_numbers_have_three_digits(self, cell: str | float | None, text: str) -> None:
        assert shown(cell) == text

    def test_progress_is_a_bar_on_a_terminal_and_a_line_for_each_question_elsewhere(self) -> None:
        shown = []
        for stream in (Terminal(), StringIO()):
            progress = Progress(stream, 2)
            progress.begin("cost")
            progress.at(1, 2, "A")
            progress.end()
            shown.append(stream.getvalue())
        assert "[########----------------------] 1/2 cost A" in shown[0]
        assert shown[1] == "1/2 cost\n"


class TestDocument:
    def test_tables_stand_between_the_marks_and_the_rest_stays(self) -> None:
        before = f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe end.\n"
        after = written(before, [SECTION], datetime(2026, 1, 2, tzinfo=UTC))
        assert after.startswith(f"# Title\n\n{BEGIN}\n\nMeasured on 02 January 2026: ")
        assert markdown(SECTION) in after
        assert "old" not in after
        assert after.endswith(f"{END}\n\nThe end.\n")

    def test_a_document_without_marks_is_left_alone(self) -> None:
        with pytest.raises(ValueError, match="no lines"):
            written("# Title", [SECTION], datetime(2026, 1, 2, tzinfo=UTC))

    def test_the_document_of_the_project_has_the_marks(self) -> None:
        assert "### What it is" in written(DOCUMENT.read_text(), [SECTION], datetime(2026, 1, 2, tzinfo=UTC))


class TestInputs:
    @pytest.mark.parametrize("size", [1000, 1024, 10 * 1024, 100 * 1024])
    def test_an_order_has_its_size_and_is_the_same_for_its_seed(self, size: int) -> None:
        assert {len(encode(order(size, seed))) for seed in range(20)} == {size}
        assert order(size, 1) == order(size, 1) != order(size, 2)

    def test_the_input_of_a_map_has_its_size_with_the_number_of_its_items(self) -> None:
        assert len(encode(mapped(100).value(1024, 1))) == 1024


class TestPrices:
    def test_a_million_steps_cost_what_their_units_requests_and_invocations_do(self) -> None:
        found = cost(Usage(dynamodb_requests=7, queue_requests=5, write_units=20, read_units=10, invocations=1), 10)
        counted = 2 * 0.625 + 1 * 0.125 + 0.5 * 0.40 + 0.1 * 0.20
        assert found.dollars == found.dollars_counted == pytest.approx(counted)
        assert found.requests == 1.2

    def test_a_second_of_a_processor_costs_a_second_of_the_memory_that_has_one(self) -> None:
        assert cost(Usage(cpu_seconds=1), 1_000_000).dollars == pytest.approx(1769 / 1024 * PRICES.gigabyte_second)

    def test_waiting_costs_the_memory_of_the_function(self) -> None:
        assert cost(Usage(waits=200), 1_000_000).dollars == pytest.approx(0.5 * PRICES.gigabyte_second)

    def test_the_functions_have_the_memory_and_the_processor_that_are_priced(self) -> None:
        config = json.loads(CONFIG.read_text())
        assert (config["lambda_memory_size"], config["lambda_architecture"]) == (MEMORY_MB, "arm64")
        assert 1e6 * PRICES.gigabyte_second == pytest.approx(13.3334)
