"""The IAM policies of every function in every stage, made from what functions do: ``make docs`` writes ``.chalice``.

A table that is new is a line of :data:`TABLE_USES`; ``tests/adapters/test_policies.py`` compares with the calls.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, TypeAlias

from chalicelib.adapters.dynamodb import tables
from chalicelib.adapters.dynamodb.tables import SecondaryIndex, TableSchema
from chalicelib.adapters.names import Names
from chalicelib.core.values.value import value
from chalicelib.wiring.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
LOCAL = "local"
"""The stage that is not deployed."""

Statement: TypeAlias = Mapping[str, Any]


@value
class TableUse:
    """The actions of DynamoDB that functions take upon a table or an index of it, separated by spaces."""

    table: TableSchema
    index: SecondaryIndex | None = None
    api: str = ""
    authorizer: str = ""
    worker: str = ""
    """Of whatever works on messages."""
    sweeper: str = ""
    """Of whatever looks at what is due, beside what it does as a worker."""
    schedule: str = ""
    indexer: str = ""
    """Of whatever reads the streams."""


_CHANNEL = "DeleteItem GetItem PutItem Query UpdateItem"

TABLE_USES = (
    TableUse(tables.DEFINITIONS, api="GetItem PutItem Query", worker="GetItem", schedule="GetItem"),
    TableUse(tables.DEFINITION_VERSIONS, api="GetItem PutItem Query", worker="GetItem", schedule="GetItem"),
    TableUse(
        tables.EXECUTIONS,
        api="BatchGetItem GetItem PutItem",
        worker="GetItem PutItem",
        sweeper="BatchGetItem UpdateItem",
        schedule="BatchGetItem DescribeTable GetItem PutItem Scan UpdateItem",
    ),
    TableUse(tables.EXECUTIONS, tables.BY_OWNER, api="Query"),
    TableUse(tables.EXECUTIONS, tables.BY_OWNER_STATUS, api="Query"),
    TableUse(tables.EXECUTIONS, tables.BY_DEFINITION, api="Query"),
    TableUse(tables.EXECUTIONS, tables.BY_STARTER, api="Query"),
    TableUse(tables.EXECUTIONS, tables.BY_DUE, sweeper="Query", schedule="Query"),
    TableUse(tables.HISTORY, api="PutItem Query", worker="PutItem", schedule="PutItem"),
    TableUse(
        tables.PAYLOADS,
        api="BatchGetItem PutItem",
        worker="BatchGetItem PutItem",
        schedule="BatchGetItem PutItem",
        indexer="BatchGetItem",
    ),
    TableUse(tables.SIGNALS, api=_CHANNEL, worker=_CHANNEL, schedule=_CHANNEL),
    TableUse(tables.SIGNALS, tables.BY_ORDER, api="Query", worker="Query", schedule="Query"),
    TableUse(
        tables.TASKS,
        api="BatchGetItem DeleteItem GetItem PutItem Query",
        worker="DeleteItem GetItem PutItem",
        schedule="DeleteItem GetItem PutItem",
    ),
    TableUse(tables.TASKS, tables.BY_STATUS, api="Query"),
    TableUse(
        tables.INCIDENTS,
        api="GetItem PutItem",
        worker="PutItem",
        schedule="PutItem UpdateItem",
        indexer="PutItem UpdateItem",
    ),
    TableUse(tables.INCIDENTS, tables.BY_INCIDENT_STATE, api="Query", schedule="Query"),
    TableUse(tables.REPLIES, api="PutItem Query UpdateItem"),
    TableUse(tables.UPLOADS, api="GetItem PutItem Query"),
    TableUse(tables.USAGE, api="PutItem Query UpdateItem", sweeper="PutItem Query UpdateItem"),
    TableUse(
        tables.ACCESS,
        api="DeleteItem GetItem PutItem Query",
        authorizer="GetItem",
        worker="GetItem",
        sweeper="Query",
    ),
    TableUse(tables.SCHEDULES, api="DeleteItem GetItem PutItem Query", sweeper="GetItem PutItem"),
    TableUse(tables.SCHEDULES, tables.BY_SCHEDULE_DUE, schedule="Query"),
    TableUse(tables.AUDIT, api="PutItem Query"),
)
"""All that functions do with tables, beside asking whether they are there."""

APPEND_ONLY = (tables.HISTORY, tables.AUDIT)
"""Tables whose items no function changes or deletes, whatever else is allowed to it some day."""
STREAM_READS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
"""What Lambda does with streams, as the function (AWS Lambda Developer Guide, "Process DynamoDB records")."""
ADDING = ("BatchGetItem", "DescribeTable", "GetItem", "PutItem", "Query")
"""What is done with those."""


@value
class Duty:
    """What a function does; each has the name of a member of :class:`TableUse`."""

    duties: tuple[str, ...]
    receives: str = ""
    """The queue whose messages it is handed: a member of :class:`Names`."""

    @property
    def calls(self) -> bool:
        """Whether it makes the calls of steps."""
        return "worker" in self.duties

    @property
    def sends(self) -> bool:
        """Whether it sends messages."""
        return not {"authorizer", "indexer"}.issuperset(self.duties)

    @property
    def searches(self) -> bool:
        """Whether it asks the search engine, or writes into it."""
        return not {"api", "indexer"}.isdisjoint(self.duties)


FUNCTIONS: Mapping[str, Duty] = {
    "api_handler": Duty(("api",)),
    "authenticate": Duty(("authorizer",)),
    "on_sqs_message": Duty(("worker",), "work"),
    "on_timer_message": Duty(("worker", "sweeper"), "timers"),
    "on_dead_letter": Duty(("worker",), "dead_work"),
    "on_dead_timer": Duty(("worker", "sweeper"), "dead_timers"),
    "on_dynamodb_record": Duty(("indexer",)),
    "on_schedule": Duty(("schedule",)),
}
"""Every function of ``app.py``."""


@value
class DeployedStage:
    """A stage of the application, as ``.chalice/config.json`` declares it."""

    app_name: str
    name: str
    settings: Settings
    calls: Sequence[Statement] = ()
    """What the steps of its definitions may do: the statements of ``deploy/calls.json``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The variables of its functions."""

    @property
    def names(self) -> Names:
        """The names of its tables and queues."""
        return self.settings.names

    def function_name(self, function: str) -> str:
        """Name a function as ``chalice deploy`` does."""
        suffix = "" if function == "api_handler" else f"-{function}"
        return f"{self.app_name}-{self.name}{suffix}"


def stages() -> list[DeployedStage]:
    """Read the stages that are deployed."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    calls = json.loads((ROOT / "deploy" / "calls.json").read_text(encoding="utf-8"))
    shared = config.get("environment_variables", {})
    return [
        DeployedStage(config["app_name"], name, Settings.from_environment(variables), calls.get(name, ()), variables)
        for name, found in config["stages"].items()
        for variables in [{**shared, **found.get("environment_variables", {})}]
        if name != LOCAL
    ]


def files() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Make every file of ``.chalice`` that is not written by hand, by its name."""
    for stage in stages():
        for function in FUNCTIONS:
            yield policy_file(function, stage.name), policy(function, stage)


def policy_file(function: str, stage: str) -> str:
    """Name the file of a policy."""
    return f"policy-{function}-{stage}.json"


def policy(function: str, stage: DeployedStage) -> Mapping[str, Any]:
    """Make the policy of a function in a stage."""
    return {"Version": "2012-10-17", "Statement": [*_statements(function, FUNCTIONS[function], stage)]}


def _statements(function: str, duty: Duty, stage: DeployedStage) -> Iterator[Statement]:
    yield from _tables(duty, stage.names)
    yield from _queues(duty, stage.names)
    yield from _parameters(duty, stage.settings)
    if "api" in duty.duties and stage.settings.values_bucket:
        yield values_access(f"arn:*:s3:::{stage.settings.values_bucket}", stage.names)
    if duty.searches and stage.settings.search_url:
        yield search_access("arn:*:es:*:*:domain/*")
    if duty.calls:
        yield from stage.calls
    group = f"arn:*:logs:*:*:log-group:/aws/lambda/{stage.function_name(function)}"
    yield _allow("Logs", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], [group, f"{group}:*"])


def _tables(duty: Duty, names: Names) -> Iterator[Statement]:
    for use in TABLE_USES:
        actions = {action for each in duty.duties for action in getattr(use, each).split()}
        index = f"/index/{use.index.name}" if use.index else ""
        if actions:
            sid = _sid(use.table.name, use.index.name if use.index else "")
            yield _allow(sid, _prefixed("dynamodb", actions), [_table(names, use.table) + index])
    if "api" in duty.duties:
        yield _allow("Health", ["dynamodb:DescribeTable"], [_table(names, table) for table in tables.TABLES])
    if "indexer" in duty.duties:
        streams = [_table(names, table) + "/stream/*" for table in tables.TABLES if table.stream]
        yield _allow("Streams", _prefixed("dynamodb", STREAM_READS), streams)
    kept = [place for table in APPEND_ONLY for place in (_table(names, table), _table(names, table) + "/index/*")]
    yield {"Sid": "AppendOnly", "Effect": "Deny", "NotAction": _prefixed("dynamodb", ADDING), "Resource": kept}


def _queues(duty: Duty, names: Names) -> Iterator[Statement]:
    if not duty.sends:
        return
    sent = [names.work, names.timers]
    yield _allow("Send", ["sqs:SendMessage"], map(_queue, sent))
    if duty.receives:
        received = getattr(names, duty.receives)
        actions = {"ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"}
        yield _allow("Receive", _prefixed("sqs", actions), [_queue(received)])
        sent += [] if received in sent else [received]
    if "api" in duty.duties:
        yield _allow("Queues", ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"], map(_queue, names.queues))
    else:
        yield _allow("Queues", ["sqs:GetQueueUrl"], map(_queue, sent))


def _parameters(duty: Duty, settings: Settings) -> Iterator[Statement]:
    if not duty.calls and "api" not in duty.duties:
        return
    found = [] if settings.token_keys else ["token-keys"]
    if duty.calls and settings.secrets == "ssm":
        found += ["*/secrets/*"]
    prefix = settings.prefix
    if found:
        yield _allow("Parameters", ["ssm:GetParameter"], [f"arn:*:ssm:*:*:parameter/{prefix}/{name}" for name in found])
    if duty.calls and settings.secrets == "secretsmanager":
        secrets = f"arn:*:secretsmanager:*:*:secret:{prefix}/*"
        yield _allow("Secrets", ["secretsmanager:GetSecretValue"], [secrets])


def values_access(bucket: str, names: Names) -> Statement:
    """Allow to put large values into a bucket, by its ARN, and to sign their addresses."""
    return _allow("Values", _prefixed("s3", ["GetObject", "PutObject"]), [f"{bucket}/{names.prefix}/*"])


def search_access(domain: str) -> Statement:
    """Allow requests to a domain of OpenSearch, by its ARN."""
    return _allow("Search", ["es:ESHttpDelete", "es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"], [f"{domain}/*"])


def _allow(sid: str, actions: Iterable[str], resources: Iterable[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": [*actions], "Resource": [*resources]}


def _prefixed(service: str, actions: Iterable[str]) -> list[str]:
    return [f"{service}:{action}" for action in sorted(actions)]


def _sid(*names: str) -> str:
    return "".join(part.title() for name in names for part in name.replace("-", "_").split("_"))


def _table(names: Names, table: TableSchema) -> str:
    return f"arn:*:dynamodb:*:*:table/{names.table(table)}"


def _queue(name: str) -> str:
    return f"arn:*:sqs:*:*:{name}"
