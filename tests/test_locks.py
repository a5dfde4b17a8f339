"""The lock files pin what the requirement files name, and all that it brings along, by the hashes of its files."""

import re

import pytest

from tests.application import PROJECT

LOCKS = {
    "dev": ("requirements.txt", "requirements-local.txt", "requirements-dev.txt"),
    "run": ("requirements.txt", "requirements-local.txt"),
    "package": ("requirements.txt",),
    "ministack": ("requirements-ministack.txt",),
    "audit": ("requirements-audit.txt",),
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def pins(name: str) -> set[tuple[str, str]]:
    return {(re.sub("[-_.]+", "-", found[1]).lower(), found[2]) for found in PIN.finditer(text(name))}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_what_its_requirement_files_name_as_they_name_it(lock: str) -> None:
    wanted = set().union(*map(pins, LOCKS[lock]))
    assert wanted - pins(f"locks/{lock}.txt") == set(), "make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_with_hashes(lock: str) -> None:
    lines = re.sub(r"^#.*\n", "", text(f"locks/{lock}.txt"), flags=re.MULTILINE).replace("\\\n", "").splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"[^=]+==\S+( ; .+?)?( +--hash=sha256:[0-9a-f]{64})+", line), line


def test_what_is_run_and_what_is_deployed_is_what_is_checked() -> None:
    assert pins("locks/package.txt") <= pins("locks/run.txt") <= pins("locks/dev.txt")
