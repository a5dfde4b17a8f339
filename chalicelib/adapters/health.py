"""Whether tables and queues answer, and how much stands in queues."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.adapters.names import Names
from chalicelib.core.values.queue_depth import QueueDepth

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

OK = "ok"


def check(dynamodb: "DynamoDBClient", sqs: "SQSClient", names: Names) -> dict[str, str]:
    """Ask for every table and queue, all at once: ``ok``, or the reason why not, by its name."""

    def table(name: str) -> str:
        status = dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
        return OK if status in ("ACTIVE", "UPDATING") else f"the table is {status}"

    def queue(name: str) -> str:
        sqs.get_queue_url(QueueName=name)
        return OK

    with ThreadPoolExecutor() as pool:
        answers = {name: pool.submit(table, name) for name in map(names.table, TABLES)}
        answers |= {name: pool.submit(queue, name) for name in names.queues}
    return {name: str(answer.exception() or answer.result()) for name, answer in answers.items()}


def queue_depths(sqs: "SQSClient", names: Names) -> Mapping[str, QueueDepth]:
    """Count the messages of every queue, by its name, all queues at once: two requests each.

    Raises:
        UnavailableError: a queue did not answer.
    """

    def depth(name: str) -> QueueDepth:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return QueueDepth(
            waiting=int(found["ApproximateNumberOfMessages"]),
            delayed=int(found["ApproximateNumberOfMessagesDelayed"]),
            in_flight=int(found["ApproximateNumberOfMessagesNotVisible"]),
            is_dead=name in {names.dead_work, names.dead_timers},
        )

    with unavailable(), ThreadPoolExecutor(len(names.queues)) as pool:
        return dict(zip(names.queues, pool.map(depth, names.queues), strict=True))
