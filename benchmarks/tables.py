"""Tables for a terminal and for Markdown, and a progress bar."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from shutil import get_terminal_size
from textwrap import fill
from typing import TextIO, TypeAlias

from chalicelib.core.values.json import Json

Cell: TypeAlias = str | int | float | None
"""None is a cell with nothing to say."""

BAR = 30
"""Characters of the progress bar."""

WIDTH = 114
"""Characters of the lines of a note, at most."""

DIGITS = 3
"""Significant digits of a number with a fraction."""


@dataclass(frozen=True, slots=True)
class Section:
    """The answer to one question: a table, a note beneath it, and the same as values for ``results.json``."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    results: Mapping[str, Json] = field(default_factory=dict)
    """Members of the results; those of all sections stand side by side."""


class Progress:
    """Shows on a terminal what is being measured; elsewhere, one line for each question."""

    def __init__(self, stream: TextIO, questions: int) -> None:
        self._stream = stream
        self._questions = questions
        self._begun = 0
        self._name = ""

    def begin(self, name: str) -> None:
        """Begin with the next question."""
        self._begun += 1
        self._name = name
        if not self._stream.isatty():
            self._stream.write(f"{self._begun}/{self._questions} {name}\n")
        self.at(0, 1)

    def at(self, done: int, of: int, what: str = "") -> None:
        """Show how much of the question is done, and what is being measured now."""
        if self._stream.isatty():
            share = min(1.0, (self._begun - 1 + done / of) / self._questions)
            bar = ("#" * round(share * BAR)).ljust(BAR, "-")
            self._show(f"[{bar}] {self._begun}/{self._questions} {self._name} {what}")

    def end(self) -> None:
        """Take the bar away."""
        if self._stream.isatty():
            self._show("")
            self._stream.write("\r")

    def _show(self, line: str) -> None:
        """Write over the line, which must not wrap."""
        width = get_terminal_size().columns - 1
        self._stream.write(f"\r{line[:width].ljust(width)}")
        self._stream.flush()


def text(section: Section) -> str:
    """Write a section for a terminal."""
    rows = [list(section.columns), *([shown(cell) for cell in row] for row in section.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_aligned(row, widths) for row in rows]
    rule = "  ".join("-" * width for width in widths)
    note = fill(section.note, min(WIDTH, get_terminal_size().columns))
    return "\n".join([section.title, "", lines[0], rule, *lines[1:], *_beneath(note), ""])


def markdown(section: Section) -> str:
    """Write a section for a document."""
    rows = [[shown(cell).replace("|", "\\|") for cell in row] for row in (section.columns, *section.rows)]
    rule = ["---", *("---:" for _ in section.columns[1:])]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
    return "\n".join([f"### {section.title}", "", *lines, *_beneath(section.note), ""])


def shown(cell: Cell) -> str:
    """Write a cell: whole numbers as they are, others with three significant digits, and never as a power of ten."""
    match cell:
        case None:
            return ""
        case str() | int():
            return str(cell)
        case _:
            whole = len(str(int(abs(cell))))
            places = DIGITS - whole if abs(cell) >= 1 else DIGITS
            return f"{cell:.{max(0, places)}f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return "  ".join(cells).rstrip()


def _beneath(note: str) -> Iterator[str]:
    if note:
        yield from ("", note)
