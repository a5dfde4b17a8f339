"""A stand-in for the event source mapping of a stream: reads in order, calls the function, goes on behind."""

import base64
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.terminal import log

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from local.functions import Function

PAUSE_SECONDS = 0.2
RETRY_SECONDS = 1.0


class StreamDriver:
    """Hands the records of the stream of one table to a function, one batch after the other.

    It begins with what is written once it is made. What the function names as not done is handed over again.

    Raises:
        ClientError: the table is not there.
    """

    def __init__(self, table: str, function: "Function", batch_size: int, endpoint: str | None = None) -> None:
        dynamodb: DynamoDBClient = boto3.client("dynamodb", endpoint_url=endpoint)
        self._streams: Any = boto3.client("dynamodbstreams", endpoint_url=endpoint)
        self._arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        self._function, self._batch_size = function, batch_size
        self._iterator = self._newest()

    def _newest(self) -> str:
        (shard,) = self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        found = self._streams.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="LATEST"
        )
        return str(found["ShardIterator"])

    def run(self, stop: threading.Event) -> None:
        """Drive the stream until told to stop."""
        while not stop.is_set():
            try:
                answer = self._streams.get_records(ShardIterator=self._iterator, Limit=self._batch_size)
            except (BotoCoreError, ClientError) as error:
                log(f"cannot read the stream: {error}")
                stop.wait(RETRY_SECONDS)
                continue
            left: Sequence[Mapping[str, Any]] = [_record(each, self._arn) for each in answer["Records"]]
            while left and not stop.is_set():
                if left := self.handle(left):
                    stop.wait(RETRY_SECONDS)
            self._iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                stop.wait(PAUSE_SECONDS)

    def handle(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Call the function with a batch; answer what comes again."""
        try:
            answer: Any = self._function.answer({"Records": [*records]}) or {}
        except Exception as error:  # noqa: BLE001 - whatever it raises is a failed invocation
            log(f"{self._function.name} failed: {error!r}")
            return records
        failed = {each["itemIdentifier"] for each in answer.get("batchItemFailures", ())}
        places = [at for at, each in enumerate(records) if each["dynamodb"]["SequenceNumber"] in failed]
        return records[min(places) :] if places else []


def _record(record: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """Write a record as Lambda hands it over: bytes in base64, instants in seconds."""
    return {**record, "eventSourceARN": arn, "dynamodb": _plain(record["dynamodb"])}


def _plain(found: Any) -> Any:  # noqa: ANN401 - of a record
    match found:
        case bytes():
            return base64.b64encode(found).decode()
        case datetime():
            return found.timestamp()
        case dict():
            return {name: _plain(each) for name, each in found.items()}
        case list():
            return [_plain(each) for each in found]
    return found
