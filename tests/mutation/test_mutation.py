"""The tool that makes mutants, and hunts them: what it changes, where it looks, and what it is told of."""

import ast
from pathlib import Path

import pytest

from tests.mutation.__main__ import CODE, ROOT, fits, reasons
from tests.mutation.blocks import Noting, Reach, block_of
from tests.mutation.operators import mutants

BEFORE = '''
"""A module."""
LIMIT = 3


def spent(total, share):
    """Tell what is left."""
    if total is None or share in (1, 2):
        return None
    left = min(total, LIMIT) - 1
    for each in [n for n in range(left) if n > 0]:
        left = left + each
    return dict(left=left, share=share)
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "module.py").write_text(BEFORE)
    return tmp_path


def test_each_mutant_is_a_module_with_one_change(module: Path) -> None:
    found = list(mutants(module, "module.py"))
    for mutant in found:
        compile(mutant.source, "module.py", "exec")
        assert mutant.source.count("\n") <= BEFORE.count("\n")
    assert len({mutant.source for mutant in found}) > 15
    assert len({mutant.name for mutant in found}) == len(found)


@pytest.mark.parametrize(
    "change",
    [
        "3 -> 4",
        "total is None -> total is not None",
        "total is None or share in (1, 2) -> total is None and share in (1, 2)",
        "total is None or share in (1, 2) -> share in (1, 2)",
        "(1, 2) -> (2,)",
        "return None -> pass",
        "min -> max",
        "min(total, LIMIT) - 1 -> min(total, LIMIT) + 1",
        "[n for n in range(left) if n > 0] -> [n for n in range(left)]",
        "n > 0 -> n >= 0",
        "left = left + each -> pass",
        "dict(left=left, share=share) -> dict(share=share)",
    ],
)
def test_what_is_changed(module: Path, change: str) -> None:
    names = [mutant.name.partition(": ")[2] for mutant in mutants(module, "module.py")]
    assert change in names


def test_a_mutant_is_looked_for_in_the_block_that_notes_that_it_is_run() -> None:
    reached: list[str] = []
    noting = ast.fix_missing_locations(Noting("module.py").visit(ast.parse(BEFORE)))
    space: dict[str, object] = {"__reached__": reached.append}
    exec(compile(noting, "module.py", "exec"), space)  # noqa: S102 - the text above
    spent = space["spent"]
    assert callable(spent)
    spent(3, 3)
    loop = next(node for node in ast.walk(ast.parse(BEFORE)) if isinstance(node, ast.For))
    function, block = block_of("module.py", ast.parse(BEFORE), loop.body[0])
    assert function == "spent"
    assert block in reached
    returned = next(node for node in ast.walk(ast.parse(BEFORE)) if isinstance(node, ast.If)).body[0]
    assert block_of("module.py", ast.parse(BEFORE), returned)[1] not in reached


def test_the_cheapest_tests_come_first() -> None:
    reach = Reach({"slow": 9.0, "quick": 0.1}, {"m.py::f#1": ["slow", "quick"], "m.py::f#2": ["slow"]})
    assert reach.of("m.py", "f", "m.py::f#1") == ["quick", "slow"]
    assert reach.of("m.py", "f", "m.py::f#2") == ["slow"]
    assert reach.of("m.py", "f", "m.py::f#9") == ["quick", "slow"]
    assert reach.of("m.py", "g", "") == ["quick", "slow"]
    assert reach.of("n.py", "", "") == []


def test_what_is_kept_of_reach_is_read_again(tmp_path: Path) -> None:
    reach = Reach({"slow": 9.0, "quick": 0.1}, {"m.py::f#1": ["slow", "quick"]}, {"m.py::g#1"})
    reach.write(tmp_path / "reach.json")
    assert Reach.read(tmp_path / "reach.json") == reach


def test_every_mutant_that_is_called_equivalent_is_there_and_has_a_reason() -> None:
    files = [str(path.relative_to(ROOT)) for tree in CODE for path in (ROOT / tree).rglob("*.py")]
    named = {pattern.partition("::")[0] for pattern in reasons()}
    names = [m.name for file in files if any(fits(name, file) for name in named) for m in mutants(ROOT, file)]
    for pattern, reason in reasons().items():
        assert any(fits(pattern, name) for name in names), f"there is no {pattern}"
        assert reason
