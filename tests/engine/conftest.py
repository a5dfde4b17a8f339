import pytest

from tests.home import Home


@pytest.fixture
def home() -> Home:
    return Home()
