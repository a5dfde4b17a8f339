"""Keeps what was found: the values in a file, the tables in the document."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.tables import Section, markdown
from chalicelib.core.values.prices import PRICES

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

RESULTS = Path(__file__).with_name("results.json")
DOCUMENT = Path(__file__).parents[1] / "docs" / "measurements.md"

BEGIN = "<!-- make bench writes from here -->"
END = "<!-- to here -->"


def keep(sections: Sequence[Section], *, document: bool) -> None:
    """Write the values, and with ``document`` the tables too; without, other values that are there stay."""
    now = datetime.now(UTC)
    found: dict[str, Json] = {} if document or not RESULTS.exists() else json.loads(RESULTS.read_text())
    found |= {"measuredAt": now.isoformat(timespec="seconds"), "machine": machine()}
    for section in sections:
        found |= section.results
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    if document:
        DOCUMENT.write_text(written(DOCUMENT.read_text(), sections, now))


def written(text: str, sections: Sequence[Section], now: datetime) -> str:
    """Put tables into a document, between its two marks.

    Raises:
        ValueError: the marks are not there.
    """
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the document has no lines {BEGIN!r} and {END!r}")
    prices = f"Prices of {PRICES.region}, as they are since {PRICES.since:%d %B %Y}."
    head = f"Measured on {now:%d %B %Y}: {machine()}. {prices}"
    return "\n".join([before + BEGIN, "", head, "", *map(markdown, sections), END + after])


def machine() -> str:
    """Describe the machine: its processor, how many of it, and the Python."""
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} vCPU of {_processor()}, {platform.system()}, {python}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
