"""The events that AWS services hand to Lambda functions."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local.backend import ACCOUNT, REGION

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef


def sqs_event(messages: Sequence["MessageTypeDef"], queue_arn: str) -> dict[str, Any]:
    """Make the event for messages of a queue (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS").

    The messages are as ``receive_message`` answers them, with all their attributes.
    """
    return {"Records": [_sqs_record(message, queue_arn) for message in messages]}


def scheduled_event(rule: str, now: datetime) -> dict[str, Any]:
    """Make the event of a rule's schedule (Amazon EventBridge User Guide, "Events from scheduled rules")."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }


def _sqs_record(message: "MessageTypeDef", queue_arn: str) -> dict[str, Any]:
    attributes = message.get("MessageAttributes", {})
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {name: _message_attribute(value) for name, value in attributes.items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def _message_attribute(value: "MessageAttributeValueOutputTypeDef") -> dict[str, Any]:
    record: dict[str, Any] = {"dataType": value["DataType"], "stringListValues": [], "binaryListValues": []}
    if "StringValue" in value:
        record["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        record["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return record
