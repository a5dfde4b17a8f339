"""What users can meet as a limit: every one, with its unit; where AWS sets it, with its source."""

from datetime import timedelta


class Limits:
    """The limits of an installation, or with other values those of a tenant: ``Limits(definition_steps=50)``.

    An instance holds only what differs, and unknown names raise TypeError. As a ``value`` so many members would cost
    each cold start more than a millisecond.
    """

    body_bytes: int = 256 * 1024
    """Bytes of the body of a request, and so of a definition."""
    body_depth: int = 54
    """Levels of lists and objects in the body of a request: those of a value, and what stands around it."""
    page_items: int = 100
    """Items of one page of a list."""
    history_items: int = 500
    """Entries of one page of a history."""
    version: int = 10**9
    """The largest number of a version that the body of a request can name; a query has nine digits at most."""
    wait_seconds: int = 25
    """Seconds that a request may wait for an execution; an API call has 29 (Amazon API Gateway quotas, "Integration
    timeout")."""
    waits_at_once: int = 20
    """Requests that wait for executions at once in one process of the API, of which a function of AWS has one; others
    are answered at once."""
    payload_bytes: int = 6 * 1024 * 1024
    """Bytes of the body of a request that brings a user's value: with all that API Gateway says of the request, escaped
    as a JSON string, Lambda takes no more (AWS Lambda quotas, "Invocation payload")."""
    upload_part_bytes: int = 4_000_000
    """Bytes of a part of an upload: in base64 it is below what Lambda takes."""
    upload_parts: int = 5
    """Parts of an upload; a function has to hold all of them, and the value that they make, several times."""
    upload_kept: timedelta = timedelta(days=1)
    """For how long an upload is kept."""
    answer_bytes: int = 5_900_000
    """Bytes of the body of an answer, as Lambda counts it: escaped as a JSON string in ASCII (the same, less what else
    an answer has)."""
    answer_value_bytes: int = 256 * 1024
    """Bytes of JSON of one value that an answer shows among others; of a longer one it has a reference."""
    answer_part_bytes: int = 3_000_000
    """Bytes of JSON of all values that an answer shows, and of a part of a value."""
    search_attributes: int = 20
    """Search attributes of a definition."""
    search_value_chars: int = 256
    """Characters of the value of a search attribute, as text."""
    answer_listed: int = 1_000
    """Threads, and things that they wait for, that the view of an execution lists."""
    answer_listed_bytes: int = 500_000
    """Bytes of JSON of each of these lists."""
    access_entries: int = 500
    """Roles of a tenant, and as many bindings and API keys."""
    access_names: int = 500
    """Names in one list of a tenant or a binding: of hosts, actions, functions, people or groups."""
    access_name_chars: int = 256
    """Characters of the name of a host, an action or a function."""
    subject_chars: int = 200
    """Characters of the name of a person or a group."""
    role_entries: int = 100
    """Rules of a role, and names in one of its rules."""
    key_roles: int = 20
    """Roles of an API key."""
    role_chars: int = 64
    """Characters of the name of a role in a condition of access: no role has more."""
    title_chars: int = 200
    """Characters of the title of a tenant, a role or a key."""
    quota_starts: int = 1_000
    """The highest number of starts a second that a quota can say."""
    quota_in_flight: int = 10_000
    """The highest number of executions that have not ended that a quota can say."""
    quota_number: int = 1_000_000_000
    """The highest number that another quota can say."""
    header_chars: int = 1_000
    """Characters of `If-Match` and `If-None-Match`."""
    place_chars: int = 1_000
    """Characters of the place of a value (`at`)."""
    search_query_chars: int = 500
    """Characters of what is searched for (`q`)."""
    schedule_name_chars: int = 48
    """Characters of the name of a schedule: it is a part of the ids of its executions."""
    schedule_plan_chars: int = 100
    """Characters of a cron expression, and of the name of a time zone or an interval."""
    schedule_shortest: timedelta = timedelta(minutes=1)
    """The shortest interval of a schedule."""
    schedule_description_chars: int = 2_000
    """Characters of the description of a schedule."""
    batch_starts: int = 100
    """Executions that one request starts."""
    batch_seconds: int = 4
    """Seconds after which such a request begins no further start; an API call has 29 (Amazon API Gateway quotas,
    "Integration timeout")."""

    definition_bytes: int = 440 * 1024
    """Bytes of a definition as JSON with all that it includes: compressed, it has to fit into an item (Amazon DynamoDB
    quotas, "Item size")."""
    definition_steps: int = 1_000
    """Steps of one definition, nested ones included."""
    definition_lists: int = 16
    """Lists of steps inside each other."""
    definition_includes: int = 100
    """Includes of one definition."""
    definition_schemas: int = 1_500
    """Schemas inside all schemas of one definition together; a regular expression counts as one, and one more for each
    100 instructions that RE2 makes of it."""
    definition_entries: int = 100
    """Entries of a `retry` or a `catch`, errors that one names, and roles of a condition of access."""
    retry_attempts: int = 100
    """Attempts of a step that a `retry` can say."""
    retry_backoff: int = 1_000
    """What the interval of a `retry` is multiplied with at most."""
    budget_dollars: int = 1_000_000
    """Dollars that a `budget` can say."""
    included_bytes: int = 256 * 1024
    """Bytes, as JSON, of all steps that one definition includes."""
    longest_time: timedelta = timedelta(days=36_525)
    """Any time that a definition can name."""

    schema_bytes: int = 32 * 1024
    """Bytes of a schema as JSON."""
    schema_depth: int = 20
    """Levels of lists and objects in a schema."""
    schema_subschemas: int = 1_000
    """Schemas inside a schema."""
    schema_refs: int = 1_000
    """References that one place of an instance may lead through, counted as often as they are reached."""
    schema_chain: int = 50
    """References and combinations (``allOf`` …) that one place of an instance may lead through in a row."""
    schema_patterns: int = 200
    """Different regular expressions of a schema."""
    schema_pattern_size: int = 100_000
    """Instructions that RE2 makes of all regular expressions of a schema: a character repeated 1,000 times makes
    1,000."""
    schema_unique_items: int = 200
    """Items of an array that are compared with each other."""
    validation_steps: int = 500_000
    """Steps that validating one instance may cost at most: a step is one keyword, or one member of it, at one place."""
    validation_steps_smallest: int = 100_000
    """Steps that validating the smallest instance may cost."""
    validation_steps_per_byte: int = 4
    """Steps that each byte of the instance adds to that."""
    default_steps: int = 250_000
    """Steps that filling in the defaults of a schema may cost: a step is one schema, or one property of it, at one
    place."""
    default_bytes: int = 256 * 1024
    """Bytes, as JSON, of the defaults that are filled into one instance."""
    problems: int = 1_000
    """Problems of one instance that are told."""
    problems_bytes: int = 500_000
    """Bytes of JSON of the problems that an answer tells; of each of many in one answer, and in
    the details of an error, it is a 25th."""
    problem_chars: int = 1_000
    """Characters of the message of a problem; jsonschema's messages repeat the instance."""
    pattern_chars: int = 1_000
    """Characters of one regular expression."""

    expression_bytes: int = 1024
    """Bytes of one expression."""
    expression_nesting: int = 64
    """Levels of one expression; each costs some frames of Python's stack."""
    expression_signs: int = 50_000
    """Names, literals and signs of all expressions of one definition: what they are read for."""
    rendering_visits: int = 25_000
    """Nodes visited in one rendering."""
    rendering_result_bytes: int = 1 << 20
    """Bytes, as JSON, of what the expressions of one rendering yield, and of any value on the way."""
    rendering_built_bytes: int = 4 << 20
    """Bytes, as JSON, of all that one rendering builds on the way, and 24 for each list and object; what is shared
    counts once."""
    rendering_passed_bytes: int = 64_000_000
    """Bytes, as JSON, of values in scope that one rendering passes on as they are: a large value costs nothing to
    name."""
    condition_visits: int = 500
    """Visits of nodes in one condition of access."""
    condition_built_bytes: int = 65_536
    """Bytes of JSON of what a condition of access makes."""
    function_text: int = 1 << 20
    """Characters of a text that a function makes."""
    function_items: int = 100_000
    """Items of a list that a function makes."""
    function_places: int = 15
    """Places after the decimal point to which a function rounds."""
    function_format: int = 100
    """Characters of a format of a time."""

    value_depth: int = 50
    """Levels of lists and objects in a value."""
    value_members: int = 1_000_000
    """Items of all lists and members of all objects in a value."""
    value_key_chars: int = 8_192
    """Characters of the name of a member of an object."""
    number_digits: int = 4_300
    """Digits of a whole number."""

    result_chars: int = 32_000_000
    """Characters of JSON of one result, with what the step stashes beside it; a function has to hold a few of them."""
    fork_width: int = 100
    """Threads that one step may fork, and executions that it may wait for: a larger `map` is a tree of these."""
    execution_threads: int = 500
    """Threads that a `map` may bring an execution to: where its items would make more, they run in executions of their
    own."""
    execution_bytes: int = 400 * 1024
    """Bytes that the state of an execution takes where it is kept, without its large values (Amazon DynamoDB quotas,
    "Item size")."""
    execution_memory_bytes: int = 240_000_000
    """Bytes of memory that a function needs for the state of an execution, its large values and their JSON included:
    a text takes twice its length, small numbers and objects up to 30 times that of their JSON. What several places
    share counts once. A function has 512 MB (`lambda_memory_size`), and itself needs 100 of them."""
    executions_memory_bytes: int = 160_000_000
    """Bytes of memory, counted likewise, that the executions of one function take together, with what calls
    bring: more of them wait for their turn. The one that was the first to take some may go beyond."""
    reason_chars: int = 1_000
    """Characters of the reason why an execution is paused or cancelled: there is room for them in any state."""
    execution_nesting: int = 16
    """Executions nested by `workflow` steps."""
    execution_starts: int = 100_000
    """Executions that one execution starts by `workflow` steps."""
    execution_starts_a_minute: int = 10_000
    """Executions that one execution starts by `workflow` steps in a minute."""
    execution_signals: int = 100
    """Events that are kept for one execution until a step takes them."""
    execution_signals_taken: int = 20
    """Events that steps of one execution have taken, and a repeat of which is known."""

    key_waiting: int = 1_000
    """Threads that wait for one name and key; some more where several begin to at the same moment."""
    key_kept: int = 100
    """Events of one name and key that are kept for whoever comes; those that were given back, or that came at the same
    moment, may be above it."""
    key_remembered: timedelta = timedelta(hours=1)
    """For how long at least a repeat of an event that was taken is known, however short the event was to be kept."""
    key_chars: int = 1_000
    """Characters of the key of an event."""
    event_kept: timedelta = timedelta(days=1)
    """For how long a published event is kept that does not say so itself."""
    event_kept_longest: timedelta = timedelta(days=366)
    """For how long a published event can be kept."""
    message_chars: int = 4_000
    """Characters of the message of an error that an answer gives."""
    token_valid: timedelta = timedelta(days=365)
    """How long a token is valid at least: less than a day longer."""
    task_title_chars: int = 500
    """Characters of the title of a task."""

    task_priority: int = 100
    """The highest priority of a task."""
    task_reason_chars: int = 4_000
    """Characters of the reason why a task is rejected."""
    task_names: int = 200
    """People and groups that a task can be given to, and characters of the name of each."""
    task_people_bytes: int = 50_000
    """Bytes of the names of all people and groups of a task, as JSON: they are kept in its item, which has 400 KB."""
    task_changes_bytes: int = 32 * 1024
    """Bytes, as JSON, of who claimed, released and reassigned a task: of more than that the oldest are forgotten."""
    task_filter_groups: int = 100
    """Groups that the store compares in a list of tasks; with more, all tasks are read (an expression has 4 KB: Amazon
    DynamoDB Developer Guide, "Quotas")."""

    inline_turns: int = 200
    """Turns of an execution in the call that starts it, or that answers for it, and of a child execution in the
    function of its parent: one that takes more is left to a function of its own."""
    inline_seconds: int = 1
    """Seconds after which such a call, or such a parent, begins no further turn: an API call has 29."""

    call_seconds: int = 30
    """Seconds that a whole call may take."""
    call_error_chars: int = 24 * 1024
    """Characters of each text in the details of a call's error; what is longer is cut, as its message is."""
    call_error_name_chars: int = 120
    """Characters of the name of a call's error."""
    http_url_chars: int = 8_192
    """Characters of a URL."""
    http_redirects: int = 3
    """Redirects that one call follows."""
    http_header_bytes: int = 64 * 1024
    """Bytes of the headers of an answer."""
    http_answer_bytes: int = 16 * 1024 * 1024
    """Bytes of the body of an answer, unpacked."""
    retry_after_seconds: int = 86_400
    """Seconds that a retry waits at most because the other side asks for it (``Retry-After``)."""
    items_shown: int = 10
    """Failed items of a `map` in the details of its error."""
    item_shown_bytes: int = 1_000
    """Bytes of JSON of an item beside its error: a larger one is left out."""
    http_error_bytes: int = 16 * 1024
    """Bytes of the body of an answer that is not expected, in the details of the error."""
    aws_services: int = 12
    """Services of AWS that the steps of one definition may call: the model of one takes up to 25 MB of memory."""
    aws_answer_bytes: int = 32 * 1024 * 1024
    """Bytes of one answer, with all its pages."""
    lambda_answer_bytes: int = 8 * 1024 * 1024
    """Bytes of an answer: more than any has (AWS Lambda Developer Guide, "Lambda quotas")."""
    lambda_name_chars: int = 300
    """Characters of the name of a function."""
    lambda_log_lines: int = 20
    """Lines of the log of a function that failed."""

    dry_run_definitions: int = 100
    """Other definitions of whose steps the mocks of a dry run tell."""
    dry_run_turns: int = 10_000
    """Turns of a dry run, its child executions included: enough for all but what loops for ever."""
    dry_run_seconds: int = 12
    """Seconds that it really takes; an API call has 29 (Amazon API Gateway quotas, "Integration timeout")."""
    dry_run_size: int = 20_000_000
    """Bytes of its history and calls as JSON."""

    def __init__(self, **others: int | timedelta) -> None:
        if unknown := sorted(others.keys() - Limits.__annotations__.keys()):
            raise TypeError(f"there is no limit {', '.join(unknown)}")
        self.__dict__.update(others)


LIMITS = Limits()
"""Those of every tenant."""


def beyond(name: str, said: str) -> str:
    """Word what is beyond a limit: what was said of it, the name of the limit, and the way around it."""
    from chalicelib.core.ways_around import WAYS  # noqa: PLC0415 - only what is beyond a limit needs them

    way = WAYS[name].removesuffix(".")
    return f"{said} ({name}): {way[0].lower()}{way[1:]}"


def is_limit(name: str) -> bool:
    """Tell whether there is a limit of this name."""
    return name in Limits.__annotations__
