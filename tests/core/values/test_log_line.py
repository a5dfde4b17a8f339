import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.log_line import DEEPEST, error_json, line, structured

DATA = "swordfish"


@pytest.fixture
def written() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    log, stream = logging.getLogger("of this test"), io.StringIO()
    log.propagate = False
    log.addHandler(handler := logging.StreamHandler(stream))
    structured(log, "INFO")
    yield log, stream
    log.removeHandler(handler)


def said(stream: io.StringIO) -> list[Any]:
    return [json.loads(text) for text in stream.getvalue().splitlines()]


def test_each_record_is_one_object_with_the_time_the_level_and_what_it_is_about(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    log, stream = written
    log.warning(line("execution given back", tenant="ä", turn=1))
    log.info("what %s says\nof itself", "Chalice")
    log.debug("not from this level on")
    first, second = said(stream)
    assert first.pop("time").endswith("+00:00")
    assert first == {"level": "WARNING", "message": "execution given back", "tenant": "ä", "turn": 1}
    assert (second["level"], second["message"]) == ("INFO", "what Chalice says\nof itself")


def test_an_error_says_where_it_was_raised_and_nothing_of_the_data(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    log, stream = written
    try:
        try:
            {}[DATA]
        except KeyError as error:
            raise ValueError(DATA) from error
    except ValueError:
        log.exception(line("it went wrong", execution="t:d:1"))
    (found,) = said(stream)
    assert DATA not in stream.getvalue()
    assert (found["error"]["type"], found["error"]["cause"]["type"]) == ("ValueError", "KeyError")
    assert "test_log_line.py" in found["error"]["trace"][0]


def test_an_error_for_the_operator_says_so_in_its_words() -> None:
    assert error_json(UnavailableError("DynamoDB did not answer"))["message"] == "DynamoDB did not answer"


def test_what_an_error_hides_stays_hidden_and_a_long_chain_has_an_end() -> None:
    hiding, before = ValueError(), KeyError()
    hiding.__context__ = before
    assert error_json(hiding)["cause"]["type"] == "KeyError"
    hiding.__suppress_context__ = True
    assert "cause" not in error_json(hiding)
    hiding.__cause__ = hiding
    assert json.dumps(error_json(hiding)).count("ValueError") == 1 + DEEPEST


def test_a_log_of_nothing_raised_has_no_error(written: tuple[logging.Logger, io.StringIO]) -> None:
    log, stream = written
    log.error("none", exc_info=(None, None, None))
    assert "error" not in said(stream)[0]


def test_a_line_is_json_as_a_text() -> None:
    assert json.loads(str(line("turn", tenant="ä"))) == {"message": "turn", "tenant": "ä"}
