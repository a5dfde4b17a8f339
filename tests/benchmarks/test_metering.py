import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from benchmarks.harness import Harness
from benchmarks.metering import NotMeteredError, Usage
from chalicelib.adapters import clients
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, TASKS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

KB = 1024
TEXT = "x" * 2500
"""An item with it has 3 KB, begun."""


class Items:
    """Calls on one item of the table of executions, and what each is billed."""

    def __init__(self, harness: Harness) -> None:
        self.client: DynamoDBClient = clients.dynamodb()
        self.harness = harness
        self.table: Any = {"TableName": harness.names.table(EXECUTIONS)}
        self.id = {"id": {"S": uuid4().hex}}

    @contextmanager
    def counting(self) -> Iterator[Usage]:
        with self.harness.meter.counting() as usage:
            yield usage

    def put(self, **attributes: str) -> float:
        with self.counting() as usage:
            self.client.put_item(**self.table, Item=self.id | {name: {"S": text} for name, text in attributes.items()})
        return usage.write_units


@pytest.fixture
def items(harness: Harness) -> Items:
    return Items(harness)


class TestWrites:
    def test_a_put_is_billed_by_the_larger_item(self, items: Items) -> None:
        assert items.put(text="small") == 1
        assert items.put(text=TEXT) == 3
        assert items.put(text="small") == 3
        assert items.put(text="small") == 1

    def test_what_was_written_while_nobody_counted_is_known(self, items: Items) -> None:
        items.client.put_item(**items.table, Item={**items.id, "text": {"S": TEXT}})
        assert items.put(text="small") == 3

    def test_an_index_is_billed_when_its_keys_come_change_and_go(self, items: Items) -> None:
        items.put()
        assert items.put(h="1", w="monday") == 1 + 1
        assert items.put(h="1", w="monday", text="more") == 1
        assert items.put(h="1", w="tuesday") == 1 + 2
        assert items.put(h="1") == 1 + 1

    def test_the_start_of_an_execution_is_billed_for_its_place_in_the_list(self, items: Items) -> None:
        assert items.put(o="t", s="monday") == 1 + 1

    def test_an_index_holds_the_key_of_the_item_and_what_it_is_made_to_hold(self, harness: Harness) -> None:
        long, attributes = {"S": "x" * 600}, {"tenantId": {"S": "t"}, "createdAt": {"S": "monday"}}
        item = {"id": long, **attributes, "tenantStatus": long, "data": {"S": TEXT}}
        with harness.meter.counting() as usage:
            tasks = harness.names.table(TASKS)
            clients.dynamodb().put_item(TableName=tasks, Item=item)
            clients.dynamodb().put_item(TableName=tasks, Item={**item, "data": {"S": "y"}})
            clients.dynamodb().put_item(TableName=tasks, Item={**item, "data": {"S": "y"}, "title": long})
        assert usage.write_units == (4 + 2) + 4 + (2 + 2)

    def test_a_condition_that_fails_is_billed_by_what_stands_there(self, items: Items) -> None:
        items.put(text=TEXT)
        with items.counting() as usage, pytest.raises(ClientError, match="ConditionalCheckFailed"):
            items.client.put_item(**items.table, Item=items.id, ConditionExpression="attribute_not_exists(id)")
        assert usage.write_units == 3
        assert usage.requests == 1

    def test_a_condition_that_fails_changes_no_size(self, items: Items) -> None:
        items.put(text="small")
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            items.client.put_item(
                **items.table, Item={**items.id, "text": {"S": TEXT}}, ConditionExpression="attribute_not_exists(id)"
            )
        assert items.put(text="small") == 1

    def test_an_update_is_billed_by_the_whole_item_and_its_index(self, items: Items) -> None:
        items.put(text=TEXT, h="1", w="monday")
        with items.counting() as usage:
            items.client.update_item(**items.table, Key=items.id, UpdateExpression="REMOVE w, h")
        assert usage.write_units == 3 + 1

    def test_a_delete_is_billed_by_what_stood_there(self, items: Items) -> None:
        items.put(text=TEXT, h="1", w="monday")
        with items.counting() as usage:
            items.client.delete_item(**items.table, Key=items.id)
        assert usage.write_units == 3 + 1
        assert items.put(text="small") == 1

    def test_the_largest_item_of_a_table_is_kept(self, items: Items) -> None:
        with items.counting() as usage:
            items.client.put_item(**items.table, Item={**items.id, "text": {"S": TEXT}})
            items.client.put_item(**items.table, Item=items.id)
        assert usage.largest == {items.harness.names.table(EXECUTIONS): len("id") + 32 + len("text") + len(TEXT)}


class TestReads:
    @pytest.mark.parametrize(("how", "units"), [({"ConsistentRead": True}, 2), ({}, 1)])
    def test_an_item_is_billed_by_its_size_and_how_it_is_read(self, items: Items, how: Any, units: float) -> None:
        items.put(text="x" * 5000)
        with items.counting() as usage:
            items.client.get_item(**items.table, Key=items.id, **how)
        assert usage.read_units == units

    def test_an_item_that_is_not_there_is_billed_all_the_same(self, items: Items) -> None:
        with items.counting() as usage:
            items.client.get_item(**items.table, Key=items.id, ConsistentRead=True)
        assert usage.read_units == 1

    def test_items_of_a_batch_are_billed_one_by_one(self, items: Items) -> None:
        items.put(text="x" * 5000)
        with items.counting() as usage:
            keys: Any = [items.id, {"id": {"S": "none"}}]
            items.client.batch_get_item(RequestItems={items.table["TableName"]: {"Keys": keys, "ConsistentRead": True}})
        assert usage.read_units == 2 + 1
        assert usage.requests == 1

    @pytest.mark.parametrize(("key", "index", "units"), [("id", {}, 1.5), ("o", {"IndexName": "by-owner"}, 0.5)])
    def test_what_a_query_shows_is_billed_by_its_size_where_it_was_read(
        self, items: Items, key: str, index: Any, units: float
    ) -> None:
        Items(items.harness).put(text="short")
        items.put(text="x" * 9000, o=items.id["id"]["S"], s="monday")
        with items.counting() as usage:
            items.client.query(
                **items.table,
                **index,
                KeyConditionExpression=f"{key} = :value",
                ExpressionAttributeValues={":value": items.id["id"]},
            )
        assert usage.read_units == units


class TestMessages:
    def send(self, harness: Harness, *sizes: int) -> Usage:
        entries: Any = [{"Id": str(n), "MessageBody": "x" * size} for n, size in enumerate(sizes)]
        with harness.meter.counting() as usage:
            clients.sqs().send_message_batch(QueueUrl=harness.poller.url(harness.names.dead_work), Entries=entries)
        return usage

    def test_a_batch_is_one_request_and_a_large_one_several(self, harness: Harness) -> None:
        assert self.send(harness, 1000, 1000).requests == 1
        assert self.send(harness, 60 * KB, 60 * KB).requests == 2

    def test_the_largest_message_is_kept(self, harness: Harness) -> None:
        assert self.send(harness, 10, 30, 20).largest == {"message": 30}

    def test_the_poller_is_billed_for_a_receive_by_its_size_and_for_a_delete(self, harness: Harness) -> None:
        with harness.meter.counting() as usage:
            harness.meter.poll([100 * KB])
            harness.meter.delete()
        assert usage.requests == 2 + 1
        assert usage.calls == {"sqs.ReceiveMessage": 1, "sqs.DeleteMessageBatch": 1}


class TestCounting:
    def test_a_call_that_is_tried_again_is_counted_again(self, items: Items) -> None:
        with failing_once(items.client), items.counting() as usage:
            items.client.put_item(**items.table, Item=items.id)
        assert (usage.calls["dynamodb.PutItem"], usage.requests, usage.write_units) == (2, 2, 1)

    def test_a_message_that_is_sent_again_is_counted_again(self, harness: Harness) -> None:
        sqs = clients.sqs()
        with failing_once(sqs), harness.meter.counting() as usage:
            sqs.send_message(QueueUrl=harness.poller.url(harness.names.dead_work), MessageBody="x" * 100 * KB)
        assert (usage.calls["sqs.SendMessage"], usage.requests) == (2, 4)

    def test_an_operation_without_a_rule_fails_the_measurement(self, items: Items) -> None:
        with pytest.raises(NotMeteredError, match="Scan"), items.counting():
            items.client.scan(**items.table)

    def test_an_operation_without_a_rule_is_nobodys_business_while_nobody_counts(self, items: Items) -> None:
        items.client.scan(**items.table)
        with items.counting() as usage:
            pass
        assert usage == Usage()

    def test_what_the_meter_computes_is_no_cpu_of_a_function(self, items: Items) -> None:
        apart, everything = items.harness.meter.cpu(), time.process_time()
        items.put(text=TEXT)
        assert time.process_time() - everything > items.harness.meter.cpu() - apart

    def test_requests_beside_each_other_are_waited_for_once(self, items: Items) -> None:
        together = Barrier(3)

        def read(times: int) -> None:
            together.wait()
            for _ in range(times):
                items.client.get_item(**items.table, Key=items.id)

        with items.counting() as usage, items.harness.meter.invocation(), ThreadPoolExecutor(3) as pool:
            list(pool.map(read, [1, 2, 3]))
            items.client.get_item(**items.table, Key=items.id)
        assert (usage.requests, usage.waits, usage.invocations) == (7, 3 + 1, 1)


class Empty:
    def stream(self, *_: object) -> Iterator[bytes]:
        yield b""


@contextmanager
def failing_once(client: Any) -> Iterator[None]:
    """Let the first call go wrong on its way."""
    answers = [AWSResponse("http://127.0.0.1", 500, {}, Empty())]

    def fail(**_: object) -> AWSResponse | None:
        return answers.pop() if answers else None

    client.meta.events.register("before-send", fail)
    try:
        yield
    finally:
        client.meta.events.unregister("before-send", fail)
