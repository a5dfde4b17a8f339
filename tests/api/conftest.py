"""A REST API or an HTTP API before the same function: every test of the API holds for both."""

import pytest

from app import app
from tests.application import Sedo
from tests.http_api import behind_http_api


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "sedo" in metafunc.fixturenames:
        metafunc.parametrize("sedo", ["rest", "http"], indirect=True)


@pytest.fixture
def sedo(sedo: Sedo, request: pytest.FixtureRequest) -> Sedo:
    if getattr(request, "param", "rest") == "http":
        behind_http_api(sedo, app)
    return sedo
