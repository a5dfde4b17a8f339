"""Keys and step types of other workflow systems, and what to write here."""

import re
from collections.abc import Mapping

_EXPRESSION = "what a step sees is written where it is needed, as ${ input.name }"
_CONDITION = "when: a condition without ${ }"
_ORDER = "steps run in the order of the list; next leads elsewhere, and a `parallel` step runs branches at once"
_RETRY = "retry: [{errors: ['*'], maxAttempts: 3}]"
_CATCH = "catch: [{errors: ['*'], next: the-id-of-a-step}]"
_OUTPUT = "output shapes what goes on, stash leaves it for later steps"
_START = "a definition is started by `POST …/definitions/{id}/execute`, or by an event of a running execution"
_RUN = "a step of type lambda, http or aws does work"
_SCHEMA = "inputSchema, a JSON Schema"
_FIRST = "the first step of the list is the first to run"
_ONE_LANGUAGE = "there is one language: leave it out"
_RESULT = "what the last step comes to is the output, held to outputSchema"
_SEEN = "item and index are what its steps see"
_VERSION = "a version is given when the definition is posted"

_DEFINITION: Mapping[str, str] = {
    **dict.fromkeys(("startat", "start", "entrypoint", "initial"), _FIRST),
    **dict.fromkeys(
        ("states", "tasks", "activities", "nodes", "jobs", "stages", "actions", "templates"),
        "steps: a list, each with its id",
    ),
    **dict.fromkeys(("name", "label", "displayname"), "id for the name, title for people"),
    "version": _VERSION,
    "comment": "description",
    **dict.fromkeys(("inputs", "input", "parameters", "params", "args", "arguments"), _SCHEMA),
    **dict.fromkeys(("outputs", "output", "result"), _RESULT),
    **dict.fromkeys(("on", "trigger", "triggers", "schedule", "cron"), _START),
    **dict.fromkeys(
        ("env", "environment", "variables", "vars", "defaults", "context"),
        "stash: values that steps find from the start",
    ),
    **dict.fromkeys(("timeout", "timeoutminutes", "executiontimeout"), "timeoutSeconds, in seconds"),
    **dict.fromkeys(("connections", "edges", "transitions", "links"), "next in each step"),
    **dict.fromkeys(("retries", "retrypolicy"), _RETRY),
    "permissions": "access",
    **dict.fromkeys(("tags", "labels", "annotations", "searchattributes"), "search: {name: '${ input.name }'}"),
    **dict.fromkeys(("onerror", "onfailure", "errorhandler", "finally"), "catch in each step"),
    **dict.fromkeys(("querylanguage", "specversion", "apiversion", "schemaversion"), _ONE_LANGUAGE),
}
_STEP: Mapping[str, str] = {
    **dict.fromkeys(("name", "label", "key"), "id"),
    **dict.fromkeys(("if", "condition", "unless", "where"), _CONDITION),
    **dict.fromkeys(("uses", "run", "script", "cmd", "command", "code", "image"), _RUN),
    "resource": "type lambda with function, or type aws with service and action",
    **dict.fromkeys(("needs", "dependson", "after", "runafter", "requires"), _ORDER),
    **dict.fromkeys(("comment", "description", "notes"), "a comment of YAML, which is kept: # before it"),
    **dict.fromkeys(("timeout", "timeoutminutes", "starttoclosetimeout", "timeoutsec"), "timeoutSeconds, in seconds"),
    **dict.fromkeys(("heartbeat", "heartbeattimeout"), "heartbeatSeconds, in seconds"),
    **dict.fromkeys(("waitfortasktoken", "tasktoken"), "callback: true, which lets a call hand out ${step.token}"),
    **dict.fromkeys(("retries", "retrypolicy", "maxattempts", "attempts", "retryonfail", "maxtries"), _RETRY),
    **dict.fromkeys(
        ("onerror", "onfailure", "except", "rescue", "continueonerror", "continueonfail", "finally"), _CATCH
    ),
    **dict.fromkeys(
        ("outputs", "resultpath", "resultselector", "outputpath", "assign", "register", "saveas", "export"), _OUTPUT
    ),
    **dict.fromkeys(
        ("inputpath", "parameters", "params", "arguments", "args", "with", "inputs", "input", "config"), _EXPRESSION
    ),
    "env": "stash: values for later steps",
    **dict.fromkeys(("result", "value"), "message of an echo step, or output of any step"),
    **dict.fromkeys(("then", "goto", "nextstep", "onsuccess", "transitionto", "to"), "next: the id of a step"),
    **dict.fromkeys(("isend", "final", "terminal"), "end: true"),
    **dict.fromkeys(
        ("loop", "foreach", "withitems", "repeat"), "a step of type map with items, or next to a step before"
    ),
    **dict.fromkeys(("sleep", "delay", "waitfor"), "a step of type wait"),
}
_OF_KINDS: Mapping[str, Mapping[str, str]] = {
    "a definition": _DEFINITION,
    "an entry of choices": {
        **dict.fromkeys(("variable", "condition", "if", "and", "or", "not", "expression", "case", "match"), _CONDITION),
        **dict.fromkeys(("then", "goto", "step"), "next: the id of a step"),
        **dict.fromkeys(("default", "else", "otherwise"), "default, beside choices"),
    },
    "an entry of retry": {
        **dict.fromkeys(("errorequals", "on", "error", "nonretryableerrortypes"), "errors: a list of names, or ['*']"),
        **dict.fromkeys(("attempts", "retries", "maximumattempts", "max", "count", "limit"), "maxAttempts"),
        **dict.fromkeys(
            ("delay", "interval", "initialinterval", "wait", "waitbetweentries"), "intervalSeconds, in seconds"
        ),
        **dict.fromkeys(("backoff", "backoffcoefficient", "factor", "multiplier"), "backoffRate"),
        **dict.fromkeys(("maximuminterval", "maxinterval", "maxdelay"), "maxDelaySeconds, in seconds"),
        "jitterstrategy": "jitter: full or none",
    },
    "an entry of catch": {
        **dict.fromkeys(("errorequals", "on", "error", "type"), "errors: a list of names, or ['*']"),
        **dict.fromkeys(("resultpath", "as", "assign", "output"), "stash: a name for the error"),
        **dict.fromkeys(("then", "goto", "step"), "next: the id of a step"),
    },
    "a branch": {"name": "id", "startat": _FIRST, "states": "steps"},
    "an include": {**dict.fromkeys(("id", "name", "workflow", "ref"), "definition")},
    "a step of type choice": {
        **dict.fromkeys(("else", "otherwise", "fallback"), "default: the id of a step"),
        **dict.fromkeys(("cases", "rules", "branches", "conditions", "switch", "when"), "choices: [{when, next}]"),
    },
    "a step of type wait": {
        **dict.fromkeys(
            ("minutes", "hours", "days", "duration", "time", "amount", "unit"), "seconds: a number of seconds"
        ),
        **dict.fromkeys(("secondspath", "for"), "seconds: ${ input.seconds }"),
        **dict.fromkeys(("timestamp", "timestamppath", "date", "at"), "until: an instant"),
    },
    "a step of type map": {
        **dict.fromkeys(
            ("itemspath", "list", "over", "in", "collection", "matrix", "array"), "items: ${ input.items }"
        ),
        **dict.fromkeys(
            ("iterator", "itemprocessor", "do", "body", "each", "tasks"),
            "steps: a list of steps, which see item and index",
        ),
        **dict.fromkeys(("concurrency", "batchsize", "maxparallel", "parallelism"), "maxConcurrency"),
        **dict.fromkeys(
            ("toleratedfailurepercentage", "toleratedfailurecount", "failfast"), "tolerate: {percent: 5}, or {count: 3}"
        ),
        **dict.fromkeys(("itemselector", "as", "var"), _SEEN),
    },
    "a step of type parallel": {
        "steps": "branches: [{id, steps}]",
        **dict.fromkeys(("mode", "waitfor", "strategy", "completiontype"), "join: all, or first"),
    },
    "a step of type workflow": {
        **dict.fromkeys(
            ("workflow", "name", "statemachinearn", "workflowid", "ref", "uses", "call"), "definition: its id"
        ),
        **dict.fromkeys(("with", "payload", "parameters", "args"), "input"),
        **dict.fromkeys(("async", "fireandforget", "synchronous", "waitforcompletion"), "wait: false goes on at once"),
    },
    "a step of type http": {
        **dict.fromkeys(("uri", "endpoint", "address", "host", "apiendpoint"), "url"),
        **dict.fromkeys(
            ("data", "json", "payload", "requestbody", "content", "form"),
            "body, with bodyType json, form, text or base64",
        ),
        **dict.fromkeys(("params", "queryparameters", "querystring", "qs", "queryparams"), "query"),
        **dict.fromkeys(("verb", "requestmethod"), "method"),
        **dict.fromkeys(
            ("authentication", "authorization", "credentials", "token"), "auth: {type: bearer, token: '${secret(…)}'}"
        ),
        **dict.fromkeys(
            ("status", "expectedstatus", "successcodes", "validstatus", "statuses"), "expect: {statuses: [2xx]}"
        ),
        **dict.fromkeys(("redirect", "follow", "followredirect"), "followRedirects"),
    },
    "a step of type lambda": {
        **dict.fromkeys(("functionname", "functionarn", "name", "resource", "arn"), "function"),
        **dict.fromkeys(("input", "event", "parameters", "body"), "payload"),
        **dict.fromkeys(("invocationtype", "invoke", "async"), "mode: wait, or forget"),
    },
    "a step of type aws": {
        **dict.fromkeys(("params", "arguments", "input", "args"), "parameters"),
        **dict.fromkeys(("operation", "api", "method", "command"), "action, as PutItem"),
        "resource": "service: sqs, action: SendMessage",
    },
    "a step of type task": {
        **dict.fromkeys(
            ("assignee", "user", "users", "owner", "assignedto", "approvers"), "assignees: a list of users"
        ),
        **dict.fromkeys(("group", "role", "roles", "team"), "groups: a list of groups"),
        **dict.fromkeys(("form", "fields", "schema"), "inputSchema: the JSON Schema of the answer"),
        **dict.fromkeys(("duedate", "deadline", "dueat", "duein"), "due: {seconds: 86400, then: fail}"),
        "name": "title",
    },
    "a step of type event": {
        **dict.fromkeys(("event", "signal", "eventname", "signalname", "topic"), "name: that of the event"),
        **dict.fromkeys(("correlationid", "correlationkey", "id", "match"), "key: what tells one event from another"),
    },
    "a step of type fail": {
        **dict.fromkeys(("message", "reason"), "cause: why, for people"),
        **dict.fromkeys(("code", "name", "errorname"), "error: the name of the error"),
    },
    "a step of type echo": {**dict.fromkeys(("text", "value", "content", "result", "output"), "message")},
}
"""By what holds it, and by the word in small letters without what is no letter or digit."""
_SAID = frozenset({_EXPRESSION, _FIRST, _ONE_LANGUAGE, _ORDER, _OUTPUT, _RESULT, _RUN, _SEEN, _START, _VERSION})
"""What says how it is here, and not what to write."""
_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("pass", "set", "assign", "log", "print", "noop"), "echo or transform"),
    **dict.fromkeys(("sleep", "delay", "timer", "pause"), "wait"),
    **dict.fromkeys(("if", "switch", "condition", "branch", "router", "gateway", "case"), "choice"),
    **dict.fromkeys(("foreach", "loop", "for", "splitinbatches", "matrix", "distributedmap"), "map"),
    **dict.fromkeys(("subworkflow", "childworkflow", "executeworkflow", "statemachine", "subflow", "call"), "workflow"),
    **dict.fromkeys(("signal", "waitforevent", "listen", "receive", "trigger", "webhook"), "event, or callback"),
    **dict.fromkeys(("activity", "function", "script", "code", "run", "action", "step"), "lambda, http or aws"),
    **dict.fromkeys(("request", "rest", "api", "fetch", "httprequest", "curl"), "http"),
    **dict.fromkeys(("approval", "manual", "human", "usertask", "form"), "task"),
    **dict.fromkeys(("email", "mail", "sendemail", "notify", "notification", "slack"), "http or aws"),
    **dict.fromkeys(("container", "docker", "python", "javascript", "node", "shell", "bash"), "lambda, http or aws"),
    **dict.fromkeys(("while", "until", "dowhile", "repeat"), "choice, which can lead back to a step before"),
    **dict.fromkeys(("filter", "aggregate", "merge", "jq", "jsonata"), "transform"),
    "try": "catch in each step, with the id of the step to go to",
    **dict.fromkeys(("success", "end", "stop", "done", "finish", "return", "complete"), "succeed"),
    **dict.fromkeys(("error", "throw", "raise", "failure", "abort", "terminate"), "fail"),
    **dict.fromkeys(("fork", "concurrent", "all"), "parallel"),
    **dict.fromkeys(("include", "import", "template", "ref", "use"), "include: the id of a definition, and no type"),
    **dict.fromkeys(("sqs", "sns", "dynamodb", "s3", "eventbridge", "awssdk", "sdk"), "aws"),
}
_LENGTHS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(ms|s|m|h|d|w)[a-z]*\s*", re.IGNORECASE)
_DURATION = re.compile(r"P(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?)?")
"""A duration as ISO 8601 writes it, without months and years."""


def instead_of_key(kind: str, key: str) -> str | None:
    """Say what is written here for a key of another system, by what holds it."""
    word = _plain(key)
    of_step = _STEP if kind.startswith("a step") else {}
    said = _OF_KINDS.get(kind, {}).get(word) or of_step.get(word)
    return said if said is None or said in _SAID else f"write {said}"


def instead_of_type(name: str) -> str | None:
    """Name the step types that do what a type of another system does."""
    if name.startswith("arn:"):
        return "lambda for a function, aws for an action of a service"
    if name == "Task":
        return "lambda, http or aws: a task is the work of a person"
    return _TYPES.get(_plain(name))


def seconds_of(text: str) -> str | None:
    """Read a length of time, as ``5m`` or ``PT5M``: the number of seconds."""
    if found := _LENGTH.fullmatch(text):
        return f"{float(found[1]) * _LENGTHS[found[2].lower()]:g}"
    if (found := _DURATION.fullmatch(text)) and any(found.groups()):
        days, hours, minutes, seconds = (int(each or 0) for each in found.groups())
        return str(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return None


def _plain(word: str) -> str:
    return "".join(filter(str.isalnum, word)).lower()
