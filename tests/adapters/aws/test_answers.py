"""What actions of AWS answer, as JSON Schemas."""

import pytest

from chalicelib.adapters.aws.answers import answer_of
from chalicelib.core.expressions.reference import ITEM
from chalicelib.core.schemas.paths import Paths
from chalicelib.core.values.json import Json


def remark(service: str, action: str, *names: str, allowed: str = "*:*") -> str | None:
    """Tell which names are known in the place of the last of some that are never there; None: they may be there."""
    found = Paths().strange(answer_of({"service": service, "action": action}, [allowed]), names)
    if found is None:
        return None
    assert (found.place, found.never) == (len(names) - 1, True)
    return " ".join(sorted([*found.known, *found.kinds]))


@pytest.mark.parametrize(
    ("service", "action", "names", "known"),
    [
        (
            "sqs",
            "SendMessage",
            ["messageId"],
            "MD5OfMessageAttributes MD5OfMessageBody MD5OfMessageSystemAttributes MessageId SequenceNumber",
        ),
        ("sqs", "send_message", ["MessageId", "x"], "string"),
        ("dynamodb", "GetItem", ["Item", "id", "s"], "B BOOL BS L M N NS NULL S SS"),
        ("dynamodb", "GetItem", ["Item", "id", "L", ITEM, "M", "a", "s"], "B BOOL BS L M N NS NULL S SS"),
        ("dynamodb", "Scan", ["Items", "x"], "array"),
        ("dynamodb", "Scan", ["Count", "x"], "integer"),
        ("dynamodb", "Scan", ["ConsumedCapacity", "CapacityUnits", "x"], None),
        ("s3", "GetObject", ["Body", "x"], "string"),
        ("sqs", "DeleteMessage", ["x"], None),
        ("bedrock-runtime", "ConverseStream", ["stream", "x"], None),
        ("sqs", "Nothing", ["x"], None),
        ("nothing", "Nothing", ["x"], None),
    ],
)
def test_an_answer_has_what_the_model_of_the_service_says(
    service: str, action: str, names: list[str], known: str | None
) -> None:
    assert remark(service, action, *names) == known


def test_the_model_of_a_service_that_may_not_be_called_is_not_read() -> None:
    assert remark("sqs", "SendMessage", "messageId", allowed="dynamodb:*") is None


@pytest.mark.parametrize("schema", [answer_of({"service": "sqs", "action": "SendMessage"}, [])])
def test_where_nothing_may_be_called_nothing_is_known(schema: Json) -> None:
    assert schema is True
