from collections.abc import Iterator

import pytest

from tests.access.guarded import Guarded, guarded


@pytest.fixture
def sedo() -> Iterator[Guarded]:
    with guarded() as sedo:
        yield sedo
