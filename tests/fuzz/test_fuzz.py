from pathlib import Path

import pytest

from tests.fuzz.rounds import served
from tests.fuzz.run import fuzz


@pytest.mark.timeout(900)
def test_no_request_gets_an_answer_that_the_contract_does_not_declare(tmp_path: Path, ministack_python: Path) -> None:
    with served(tmp_path, ministack_python) as address:
        assert fuzz(address, 2, "--phases=examples,coverage,fuzzing", "--generation-deterministic") == 0
        assert fuzz(address, 60, "--phases=stateful", "--seed=1") == 0
