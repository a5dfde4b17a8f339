import json

from chalicelib.adapters import health
from chalicelib.adapters.names import Names
from deploy import resources
from tests.adapters.conftest import Aws
from tests.adapters.examples import fresh


def test_what_is_missing_is_made_once(aws: Aws) -> None:
    names = Names(fresh("resources"))
    assert set(resources.ensure(aws.dynamodb, aws.sqs, names.prefix)) == {*names.tables, *names.queues}
    assert resources.ensure(aws.dynamodb, aws.sqs, names.prefix) == []


def test_only_what_is_missing_is_made(aws: Aws) -> None:
    names = Names(fresh("resources"))
    resources.ensure(aws.dynamodb, aws.sqs, names.prefix)
    aws.dynamodb.delete_table(TableName=names.payloads)
    aws.sqs.delete_queue(QueueUrl=aws.sqs.get_queue_url(QueueName=names.work)["QueueUrl"])
    assert resources.ensure(aws.dynamodb, aws.sqs, names.prefix) == [names.payloads, names.work]


def test_tables_are_paid_by_request_and_expire_items(aws: Aws) -> None:
    for name in aws.names.tables:
        table = aws.dynamodb.describe_table(TableName=name)["Table"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        expiry = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expiresAt")


def test_queues_hide_messages_six_times_as_long_as_functions_run(aws: Aws) -> None:
    for name in aws.names.queues:
        attributes = queue(aws, name)
        assert attributes["VisibilityTimeout"] == "360"
        assert attributes["MessageRetentionPeriod"] == "1209600"


def test_messages_that_are_received_five_times_die(aws: Aws) -> None:
    for name, dead in ((aws.names.work, aws.names.dead_work), (aws.names.timers, aws.names.dead_timers)):
        redrive = json.loads(queue(aws, name)["RedrivePolicy"])
        assert redrive == {"deadLetterTargetArn": queue(aws, dead)["QueueArn"], "maxReceiveCount": 5}


def queue(aws: Aws, name: str) -> dict[str, str]:
    url = aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_health_is_ok_where_everything_answers(aws: Aws) -> None:
    answers = health.check(aws.dynamodb, aws.sqs, aws.names)
    assert answers == dict.fromkeys((*aws.names.tables, *aws.names.queues), "ok")


def test_health_names_what_does_not_answer(aws: Aws) -> None:
    names = Names(fresh("resources"))
    resources.ensure(aws.dynamodb, aws.sqs, names.prefix)
    aws.dynamodb.delete_table(TableName=names.history)
    aws.sqs.delete_queue(QueueUrl=aws.sqs.get_queue_url(QueueName=names.timers)["QueueUrl"])
    answers = health.check(aws.dynamodb, aws.sqs, names)
    assert {name for name, answer in answers.items() if answer != "ok"} == {names.history, names.timers}
    assert "ResourceNotFoundException" in answers[names.history]
    assert "QueueDoesNotExist" in answers[names.timers] or "NonExistentQueue" in answers[names.timers]
