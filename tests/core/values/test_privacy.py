from typing import Any

import pytest

from chalicelib.core.values.privacy import without_private


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"Cookie": "a", "Accept": "b"}, {"Cookie": "***", "Accept": "b"}),
        ({"set-cookie": ["a", "b"]}, {"set-cookie": ["***", "***"]}),
        ([["Authorization", "a"], ["Accept", "b"], "odd"], [["Authorization", "***"], ["Accept", "b"], "odd"]),
        ("none", "none"),
    ],
)
def test_the_values_of_private_headers_are_hidden(headers: Any, shown: Any) -> None:
    assert without_private(headers) == shown
