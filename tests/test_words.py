import pytest

from chalicelib.core.values.json import Json
from tests import words


@pytest.mark.parametrize(
    "message",
    [
        "5 is not of type 'string'",
        "found character that cannot start any token",
        "expected str, got NoneType",
        "KeyError: 1",
        "Unknown token 'a'",
        "of jmespath",
        "<class int>",
    ],
)
def test_words_of_other_languages_are_found(message: str) -> None:
    problem: dict[str, Json] = {"title": "wrong", "detail": "it is", "status": 400, "type": None, "errors": []}
    for asked in (
        problem | {"detail": message},
        problem | {"errors": [{"pointer": "", "message": message}]},
        {"error": {"name": "ItemsFailed", "message": "1", "details": [{"name": "TemplateFailed", "message": message}]}},
    ):
        with pytest.raises(AssertionError):
            words.require_own(words.messages([asked]))


@pytest.mark.parametrize("shown", [{"input": {"name": "Internal", "message": "KeyError"}}, {"message": "a KeyError"}])
def test_values_and_errors_of_users_are_not_searched(shown: Json) -> None:
    assert [*words.messages(shown)] == []


def test_nor_is_what_a_message_quotes() -> None:
    assert words.foreign("'None' is not one of `True`, \"KeyError\"") == []
