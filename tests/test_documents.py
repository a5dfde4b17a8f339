"""The documents that are written by hand, against the project that they tell of."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.core.definitions.error_names import PLAIN_ERRORS
from docs.generate import TABLE_BEGINS, TABLE_ENDS, state_table, with_table

PROJECT = Path(__file__).parents[1]
PRODUCT = ("chalicelib", "local", "deploy", "operations", "benchmarks")
GUIDES = ("README.md", "CONTRIBUTING.md", "docs/design.md", "docs/glossary.md")
MADE = {".sedo/"}
"""Named in a guide, and made where sedo runs."""
WORDS = """
Adapters after_write ApiInvocation batched_sends body builder call chunks claim close_wait codec command control_epoch
control_epoch_owed copy_with dead_letters decision definition Dependencies diagnostics driver dry-run_plan due_sweep
execution factory fork grammar hand_over HistoryEntry implied Input model new_suffix outcome parent_epoch parser parsing
partition placeholder presumed_image redrive schema_export sign_token Signal single_step spread stash
static_check step sweep tail template thread tombstone turn validation value view WAITING_FOR_ANSWER
WAITING_FOR_CHILDREN WaitForAnswer visit
"""
"""Of the glossary; it has `_` where some have a space."""


def text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def rooms() -> Iterator[str]:
    for top in PRODUCT:
        for package in (PROJECT / top).rglob("__init__.py"):
            yield f"{package.parent.relative_to(PROJECT)}/"
    for package in (PROJECT / "tests").glob("*/__init__.py"):
        yield f"{package.parent.relative_to(PROJECT)}/"


def paths(guide: str) -> Iterator[str]:
    for quoted in re.findall(r"`([\w.-]+(?:/[\w.-]+)*/?)`", text(guide)):
        if "/" in quoted or quoted.endswith((".py", ".yaml", ".toml", ".md")):
            yield quoted
    folder = (PROJECT / guide).parent
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text(guide)):
        yield str((folder / link).resolve().relative_to(PROJECT))


def exists(path: str) -> bool:
    if "/" in path or (PROJECT / path).exists():
        return (PROJECT / path).exists()
    return any(any((PROJECT / top).rglob(path)) for top in (*PRODUCT, "docs"))


def glossary() -> dict[str, list[str]]:
    rows = [row.strip("|\n").split(" | ") for row in text("docs/glossary.md").splitlines() if row.startswith("| ")]
    return {word.strip(): re.findall(r"`([^`]+)`", places) for word, _, places in rows[1:]}


def holds(file: str, name: str) -> bool:
    return name in file or name in text(file)


def letters(word: str) -> str:
    return re.sub("[^a-z]", "", word.lower())


def test_every_room_is_named_where_contributors_look() -> None:
    guides = text("README.md") + text("CONTRIBUTING.md")
    assert [room for room in sorted(rooms()) if f"`{room}`" not in guides] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_that_a_guide_names_exists(guide: str) -> None:
    named = set(paths(guide)) - MADE
    assert named, "the guide names paths"
    assert sorted(path for path in named if not exists(path)) == []


def test_the_glossary_has_a_line_for_each_word() -> None:
    lines = {word.strip("`").replace(" ", "_") for word in glossary()}
    assert sorted(set(WORDS.split()) - lines) == []


def test_the_glossary_is_in_the_order_of_the_alphabet() -> None:
    assert list(glossary()) == sorted(glossary(), key=letters)


def test_a_name_of_the_code_stands_where_the_glossary_says() -> None:
    names = {word.strip("`"): files for word, files in glossary().items() if word.startswith("`")}
    assert [(name, files) for name, files in names.items() if not any(holds(file, name) for file in files)] == []


def test_a_name_of_the_code_stands_where_the_design_says() -> None:
    found = re.findall(r"`([\w.]+)`\s+in\s+`(chalicelib/[\w/.]+\.\w+)`", text("docs/design.md"))
    assert found, "the design says where names are"
    assert [(name, file) for name, file in found if not holds(file, name.rpartition(".")[2])] == []


def test_the_state_table_of_the_design_is_current() -> None:
    assert with_table(text("docs/design.md"), state_table()) + "\n" == text("docs/design.md")


@pytest.mark.parametrize("page", ["no marks", TABLE_BEGINS, TABLE_ENDS, TABLE_BEGINS + TABLE_BEGINS + TABLE_ENDS])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        with_table(page, [])


@pytest.mark.parametrize("guide", sorted(path.name for path in (PROJECT / "docs").glob("*.md")))
def test_a_command_asks_an_address_that_its_page_names(guide: str) -> None:
    page = text(f"docs/{guide}")
    assert "://localhost" not in page
    assert "T=http://127.0.0.1:8000/sedo/tenants/" in page or "$T/" not in page


def examples() -> Iterator[str]:
    for guide in (PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")):
        yield from re.findall(r"^```yaml\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    for file in (PROJECT / "definitions").glob("*.yaml"):
        yield file.read_text(encoding="utf-8")


def test_an_example_looks_at_every_yes_or_no_that_it_asks_for() -> None:
    asked = [(name, each) for each in examples() for name in re.findall(r"(\w+): \{type: boolean", each)]
    assert asked, "examples ask people"
    assert [name for name, example in asked if f".{name}" not in example] == []


def test_every_error_of_a_step_is_explained_to_those_who_write_definitions() -> None:
    shown = text("docs/steps.md") + text("docs/outside.md")
    assert [name for name in sorted(PLAIN_ERRORS) if f"`{name}`" not in shown] == []


def measured(heading: str) -> list[str]:
    """The rows of a table of measurements."""
    (part,) = re.findall(rf"^### {heading}$(.*?)^###? ", text("docs/measurements.md"), re.DOTALL | re.MULTILINE)
    return re.findall(r"^\| \d.*\|$", part, re.MULTILINE)


def test_what_memory_costs_is_told_as_it_was_measured() -> None:
    shown = text("docs/deploying.md").replace(",", "").splitlines()
    rows = measured("What memory costs")
    assert rows
    assert [row for row in rows if row not in shown] == []


def test_what_values_cost_is_told_as_it_was_measured() -> None:
    shown = re.findall(r"^\| (\d+) (.* · .*)$", text("docs/performance.md"), re.MULTILINE)
    rows = [row.strip("| ").split(" | ") for row in measured("Values that do not change")]
    assert rows
    for count, *_, dollars, floor in rows:
        assert any(f"| {dollars} · {floor} |" in row for number, row in shown if number == count), (count, dollars)
