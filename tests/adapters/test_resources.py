import json

from chalicelib.adapters import health
from chalicelib.adapters.dynamodb.tables import BY_STATUS, EXECUTIONS, HISTORY, PAYLOADS, TABLES
from chalicelib.adapters.names import Names
from chalicelib.core.values.queue_depth import QueueDepth
from chalicelib.core.values.value import copy_with
from deploy import resources
from tests.adapters.conftest import Aws
from tests.adapters.examples import fresh


def test_what_is_missing_is_made_once(aws: Aws) -> None:
    names = Names(fresh("resources"))
    assert set(resources.ensure(aws.dynamodb, aws.sqs, names.prefix)) == {*map(names.table, TABLES), *names.queues}
    assert resources.ensure(aws.dynamodb, aws.sqs, names.prefix) == []


def test_only_what_is_missing_is_made(aws: Aws) -> None:
    names = Names(fresh("resources"))
    resources.ensure(aws.dynamodb, aws.sqs, names.prefix)
    aws.dynamodb.delete_table(TableName=names.table(PAYLOADS))
    aws.sqs.delete_queue(QueueUrl=aws.sqs.get_queue_url(QueueName=names.work)["QueueUrl"])
    assert resources.ensure(aws.dynamodb, aws.sqs, names.prefix) == [names.table(PAYLOADS), names.work]


def test_a_table_of_an_earlier_release_is_given_the_indexes_that_it_lacks(aws: Aws) -> None:
    names = Names(fresh("resources"))
    table = names.table(EXECUTIONS)
    aws.dynamodb.create_table(**resources.table_request(copy_with(EXECUTIONS, indexes=EXECUTIONS.indexes[:1]), names))
    made = resources.ensure(aws.dynamodb, aws.sqs, names.prefix)
    lacked = [f"{table}/{index.name}" for index in EXECUTIONS.indexes[1:]]
    assert lacked == [each for each in made if each.startswith(f"{table}/")]
    there = aws.dynamodb.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"]
    wanted = resources.table_request(EXECUTIONS, names)["GlobalSecondaryIndexes"]
    assert [index["IndexName"] for index in there] == [index["IndexName"] for index in wanted]
    assert [index["KeySchema"] for index in there] == [index["KeySchema"] for index in wanted]
    held = [[*index["Projection"].get("NonKeyAttributes", ())] for index in there]
    assert held == [[*index["Projection"].get("NonKeyAttributes", ())] for index in wanted]
    assert resources.ensure(aws.dynamodb, aws.sqs, names.prefix) == []


def test_tables_are_paid_by_request_and_expire_items(aws: Aws) -> None:
    for name in map(aws.names.table, TABLES):
        table = aws.dynamodb.describe_table(TableName=name)["Table"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        expiry = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expiresAt")


def test_a_table_is_made_as_its_schema_says() -> None:
    request = resources.table_request(copy_with(PAYLOADS, stream="KEYS_ONLY", indexes=(BY_STATUS,)), Names("sedo"))
    assert request["TableName"] == "sedo_payload"
    assert [key["AttributeName"] for key in request["KeySchema"]] == ["sha256", "part"]
    types = {each["AttributeName"]: each["AttributeType"] for each in request["AttributeDefinitions"]}
    assert types == {"sha256": "S", "part": "N", "tenantStatus": "S", "createdAt": "S"}
    assert request["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    (index,) = request["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by-status"
    assert {"title", "groups"} <= {*index["Projection"]["NonKeyAttributes"]}
    assert "StreamSpecification" not in resources.table_request(PAYLOADS, Names("sedo"))


def test_queues_hide_messages_six_times_as_long_as_functions_run_and_batches_are_collected(aws: Aws) -> None:
    for name in aws.names.queues:
        attributes = queue(aws, name)
        assert attributes["VisibilityTimeout"] == str(6 * 60 + resources.LONGEST_WINDOW)
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
    assert answers == dict.fromkeys((*map(aws.names.table, TABLES), *aws.names.queues), "ok")


def test_the_messages_of_each_queue_are_counted(aws: Aws) -> None:
    names = Names(fresh("depths"))
    resources.ensure(aws.dynamodb, aws.sqs, names.prefix)
    for name, delays in ((names.work, [0, 0, 600]), (names.dead_timers, [0])):
        url = aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        for delay in delays:
            aws.sqs.send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=delay)
    url = aws.sqs.get_queue_url(QueueName=names.work)["QueueUrl"]
    assert len(aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=600)["Messages"]) == 1
    assert health.queue_depths(aws.sqs, names) == {
        names.work: QueueDepth(waiting=1, delayed=1, in_flight=1),
        names.timers: QueueDepth(),
        names.dead_work: QueueDepth(is_dead=True),
        names.dead_timers: QueueDepth(waiting=1, is_dead=True),
    }


def test_health_names_what_does_not_answer(aws: Aws) -> None:
    names = Names(fresh("resources"))
    resources.ensure(aws.dynamodb, aws.sqs, names.prefix)
    aws.dynamodb.delete_table(TableName=names.table(HISTORY))
    aws.sqs.delete_queue(QueueUrl=aws.sqs.get_queue_url(QueueName=names.timers)["QueueUrl"])
    answers = health.check(aws.dynamodb, aws.sqs, names)
    assert {name for name, answer in answers.items() if answer != "ok"} == {names.table(HISTORY), names.timers}
    assert "ResourceNotFoundException" in answers[names.table(HISTORY)]
    assert "QueueDoesNotExist" in answers[names.timers] or "NonExistentQueue" in answers[names.timers]
