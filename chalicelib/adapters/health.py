"""Whether tables and queues answer."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.adapters.names import Names

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
