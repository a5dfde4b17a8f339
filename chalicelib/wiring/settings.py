"""Every environment variable of sedo, read once and checked at the start.

Every function loads this first, so it loads next to nothing itself. What the AWS SDK reads is not here.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chalicelib.adapters.names import Names
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.adapters.dynamodb.list_sources import ListIndexes
    from chalicelib.core.waits.token import SigningKey

LONGEST_PREFIX = 42
"""Characters: the name of a queue has 80 at most (Amazon SQS Developer Guide, "message quotas")."""

SHORTEST_SECRET = 32
"""Characters of a secret that signs tokens (RFC 7518, section 3.2)."""
LONGEST_LEEWAY = 60
"""Seconds."""
ON_DEMAND = "on-demand"
"""How Lambda initializes a function that has a call waiting."""
MEMORY_MB = 512
"""Of a process that is no function."""
MOST_SHARDS = 256
"""Each is a query of a list."""
BUCKET_LENGTHS = 3, 63
"""Characters, at least and at most (Amazon S3 User Guide, "General purpose bucket naming rules")."""
ORIGIN_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:/[]")
"""Of an origin by name: none ends a directive of a Content-Security-Policy."""
BUCKET_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


def _prefix(text: str) -> str:
    if len(text) > LONGEST_PREFIX or not (text.isascii() and text.replace("-", "").replace("_", "").isalnum()):
        raise ValueError(f"it has 1 to {LONGEST_PREFIX} characters of A-Za-z0-9_-")
    return text


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"it is {' or '.join(choices)}")
        return text

    return read


def _flag(text: str) -> bool:
    return _one_of("true", "false")(text) == "true"


def _hosts(text: str) -> Collection[str]:
    from chalicelib.adapters.allow_lists import read_hosts  # noqa: PLC0415 - only where it is set

    return read_hosts(text)


def _actions(text: str) -> Sequence[str]:
    from chalicelib.adapters.allow_lists import read_actions  # noqa: PLC0415 - only where it is set

    return read_actions(text)


def _functions(text: str) -> Sequence[str]:
    from chalicelib.adapters.allow_lists import read_functions  # noqa: PLC0415 - only where it is set

    return read_functions(text)


def _origins(text: str) -> Collection[str]:
    found = frozenset(filter(None, (origin.strip() for origin in text.split(","))))
    for origin in found - {"*"}:
        scheme, _, host = origin.partition("://")
        if scheme not in {"http", "https"} or not host or "/" in host or not host.isprintable() or " " in host:
            raise ValueError(f"{origin!r} is no origin: it is * or like https://console.example.com")
    return found


def _named_origins(text: str) -> Collection[str]:
    found = _origins(text)
    if wrong := next((each for each in found if not ORIGIN_LETTERS.issuperset(each)), None):
        raise ValueError(f"{wrong!r} is no origin: it is like https://login.example.com")
    return found


def _names(text: str) -> Sequence[str]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _means(text: str) -> Collection[str]:
    found = frozenset(_names(text))
    if unknown := found - {"jwt", "keys", "iam", "none"}:
        raise ValueError(f"{min(unknown)!r} is none of jwt, keys, iam and none")
    if len(found) > 1 and not found <= {"jwt", "keys"}:
        raise ValueError("only jwt and keys go together: API Gateway has one authorizer for a route")
    return found


def _url(text: str) -> str:
    scheme, _, rest = text.partition("://")
    if scheme not in {"http", "https"} or not rest:
        raise ValueError("it is a URL")
    return text


def _long_enough(text: str) -> str:
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"it has at least {SHORTEST_SECRET} characters")
    return text


def _leeway(text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_LEEWAY:
        raise ValueError(f"it is a number of seconds from 0 to {LONGEST_LEEWAY}")
    return int(text)


def _shards(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_SHARDS:
        raise ValueError(f"it is a number from 1 to {MOST_SHARDS}")
    return int(text)


def _bucket(text: str) -> str:
    least, most = BUCKET_LENGTHS
    if not least <= len(text) <= most or not BUCKET_LETTERS.issuperset(text):
        raise ValueError(f"it is the name of a bucket: {least} to {most} characters of a-z0-9.-")
    return text


def _list_indexes(text: str) -> "ListIndexes":
    from chalicelib.adapters.dynamodb.list_sources import read_chosen  # noqa: PLC0415 - only where it is set

    return read_chosen(text)


def _token_keys(text: str) -> "Sequence[SigningKey]":
    from chalicelib.adapters.calls.tokens import parse  # noqa: PLC0415 - only where it is set

    return parse(text, "SEDO_TOKEN_KEYS")


def _variable(name: str, read: Callable[[str], object], default: object, about: str, *, secret: bool = False) -> Any:  # noqa: ANN401 - a field
    """Declare the variable that a field is read from; its reader raises ValueError, saying what would be right."""
    return field(default=default, repr=not secret, metadata={"name": name, "read": read, "about": about})


@value
class Settings:
    """What an installation is told by its environment; a variable that is empty counts as not set."""

    prefix: str = _variable(
        "SEDO_PREFIX",
        _prefix,
        "sedo",
        "how the names of tables, queues, parameters and secrets begin: it tells installations and stages apart (sedo)",
    )
    stores: Literal["aws", "memory"] = _variable(
        "SEDO_STORES",
        _one_of("aws", "memory"),
        "aws",
        "aws: DynamoDB and SQS, where AWS_ENDPOINT_URL and the other variables of the AWS SDKs say; "
        "memory: the memory of the process, for tests and demonstrations (aws)",
    )
    secrets: Literal["ssm", "secretsmanager"] = _variable(
        "SEDO_SECRETS",
        _one_of("ssm", "secretsmanager"),
        "ssm",
        "where the secrets of tenants are: in the Parameter Store or in Secrets Manager (ssm)",
    )
    token_keys: "Sequence[SigningKey] | None" = _variable(
        "SEDO_TOKEN_KEYS",
        _token_keys,
        None,
        "the keys that sign tokens, id:base64[,id:base64…], newest first "
        "(those of the SecureString parameter /<prefix>/token-keys)",
        secret=True,
    )
    http_hosts: Collection[str] = _variable(
        "SEDO_HTTP_ALLOW",
        _hosts,
        frozenset(),
        "hosts that http steps may call though they are private, over plain http and on any port, "
        "separated by commas: 127.0.0.1, *.internal.example.com, db.example.com:8080 (none)",
    )
    aws_actions: Sequence[str] = _variable(
        "SEDO_AWS_ALLOW",
        _actions,
        (),
        "actions that aws steps may call, separated by commas: sqs:SendMessage, dynamodb:*Item (none)",
    )
    lambda_functions: Sequence[str] = _variable(
        "SEDO_LAMBDA_ALLOW",
        _functions,
        (),
        "functions that lambda steps may call, by name, separated by commas: orders-*, render (none)",
    )
    reports_failures: bool = _variable(
        "SEDO_REPORTS_FAILURES",
        _flag,
        False,  # noqa: FBT003 - a default
        "true: the event source mappings have ReportBatchItemFailures (false)",
    )
    auth: Collection[str] = _variable(
        "SEDO_AUTH",
        _means,
        frozenset({"none"}),
        "how callers show who they are: jwt, keys, both separated by a comma, or iam; none: not at all, and only where "
        "nobody else can reach sedo (none)",
    )
    is_alone: bool = _variable(
        "SEDO_LOOPBACK",
        _flag,
        False,  # noqa: FBT003 - a default
        "true: the process can be reached from its own machine alone, as the local runner sees to (false)",
    )
    jwt_issuer: str = _variable("SEDO_JWT_ISSUER", str, "", "who signs tokens: the claim iss (none)")
    jwt_audiences: Sequence[str] = _variable(
        "SEDO_JWT_AUDIENCE",
        _names,
        (),
        "for whom tokens are: one of these, separated by commas, is the claim aud (none)",
    )
    jwt_keys: str = _variable(
        "SEDO_JWT_JWKS_URL",
        _url,
        "",
        "where the public keys of the issuer are (what OpenID discovery finds below the issuer)",
    )
    jwt_secret: str = _variable(
        "SEDO_JWT_SECRET",
        _long_enough,
        "",
        "the secret that signs tokens with HS256, in place of keys of the issuer: 32 characters at least (none)",
        secret=True,
    )
    jwt_tenants: str = _variable(
        "SEDO_JWT_TENANTS",
        str,
        "tenants",
        "the claim with the tenants of a caller: a list, or names in a text (tenants)",
    )
    jwt_groups: str = _variable(
        "SEDO_JWT_GROUPS", str, "groups", "the claim with the groups of a caller: a list, or names in a text (groups)"
    )
    jwt_leeway: int = _variable(
        "SEDO_JWT_LEEWAY", _leeway, 30, "seconds that the clock of the issuer may differ, 60 at most (30)"
    )
    cors_origins: Collection[str] = _variable(
        "SEDO_CORS_ORIGINS",
        _origins,
        frozenset(),
        "origins whose pages may read answers in a browser, separated by commas, or * for all: "
        "https://console.example.com (none)",
    )
    console_client: str = _variable(
        "SEDO_CONSOLE_CLIENT",
        str,
        "",
        "the id of a public client of the issuer: people sign in to the console there, by an authorization code with "
        "PKCE (none: they enter a key or a token)",
    )
    console_origins: Collection[str] = _variable(
        "SEDO_CONSOLE_ORIGINS",
        _named_origins,
        frozenset(),
        "where the console asks the issuer for tokens, if that is elsewhere than the issuer, separated by commas: "
        "https://login.example.com (the origin of the issuer)",
    )
    shards: int = _variable(
        "SEDO_SHARDS",
        _shards,
        16,
        "parts of a tenant's list of executions, and of the indexes of what is due, from 1 to 256: each takes 1,000 "
        "writes a second, and is read for a page of a list; it may be raised at any time, and never lowered (16)",
    )
    list_indexes: "ListIndexes" = _variable(
        "SEDO_LIST_INDEXES",
        _list_indexes,
        (),
        "filters of lists of executions that have an index of their own, for a write unit for each start: definition, "
        "startedBy, or both, separated by a comma; where executions are there already, each has behind @ the instant "
        "since when every function has had the setting: definition@2026-01-31T09:00:00Z (none)",
    )
    values_bucket: str = _variable(
        "SEDO_VALUES_BUCKET",
        _bucket,
        "",
        "a bucket of S3 in the same region: a value that no answer holds is put there, and its reader is sent to it; "
        "without it such a value is read in parts (none)",
    )
    search_url: str = _variable(
        "SEDO_SEARCH_URL",
        _url,
        "",
        "where OpenSearch is, by which executions, definitions and tasks are searched for: "
        "https://search-sedo.eu-west-1.es.amazonaws.com (none)",
    )
    search_auth: Literal["iam", "none"] = _variable(
        "SEDO_SEARCH_AUTH",
        _one_of("iam", "none"),
        "iam",
        "iam: requests to it are signed as those of AWS are; none: they are not (iam)",
    )
    log_level: Literal["INFO", "WARNING", "ERROR"] = _variable(
        "SEDO_LOG_LEVEL",
        _one_of("INFO", "WARNING", "ERROR"),
        "WARNING",
        "what is logged: INFO adds a line for each turn of an execution (WARNING)",
    )

    metrics: Literal["none", "emf"] = _variable(
        "SEDO_METRICS",
        _one_of("none", "emf"),
        "none",
        "emf: each call of a function writes a line of which CloudWatch makes metrics; none: nothing is counted (none)",
    )

    traces: Literal["none", "otel"] = _variable(
        "SEDO_TRACES",
        _one_of("none", "otel"),
        "none",
        "otel: spans of OpenTelemetry, which a layer brings along; none: nothing is traced (none)",
    )

    @property
    def is_observed(self) -> bool:
        """Whether more than logs observes calls of functions."""
        return self.metrics != "none" or self.traces != "none"

    @property
    def names(self) -> Names:
        """The names of tables and queues."""
        return Names(self.prefix)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read every variable: of this process as it is now, unless others are given.

        Raises:
            SetupError: some are wrong; it names each of them, and says what would be right.
        """
        found = os.environ if environment is None else environment
        given: dict[str, Any] = {}
        problems: list[str] = []
        for each in fields(cls):
            text = found.get(each.metadata["name"], "").strip()
            try:
                given |= {each.name: each.metadata["read"](text)} if text else {}
            except ValueError as error:
                problems.append(f"{each.metadata['name']}={text}: {error}")
        problems += _jwt_problems(given)
        if problems:
            from chalicelib.core.values.errors import SetupError  # noqa: PLC0415 - rarely needed, and not light

            raise SetupError("; ".join(problems))
        return cls(**given)


class LambdaFunction(NamedTuple):
    """The function that this process is of."""

    name: str
    memory_mb: int
    is_prepared: bool
    """Whether it is made ready before there is anything to do: for a snapshot, or to stand ready."""


def this_function() -> LambdaFunction:
    """Read what Lambda says of the function (AWS Lambda Developer Guide, "Defined runtime environment variables")."""
    name, memory = os.environ.get("AWS_LAMBDA_FUNCTION_NAME"), os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    is_prepared = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", ON_DEMAND) != ON_DEMAND
    return LambdaFunction(name or "local", int(memory or MEMORY_MB), is_prepared)


def _jwt_problems(given: Mapping[str, Any]) -> Iterator[str]:
    """Name what tokens need, and what is not there."""
    if "jwt" not in given.get("auth", ()):
        if given.get("console_client"):
            yield "SEDO_CONSOLE_CLIENT is set, and SEDO_AUTH has no jwt: the console could not show what it gets"
        return
    for name in ("jwt_issuer", "jwt_audiences"):
        if not given.get(name):
            variable = next(each.metadata["name"] for each in fields(Settings) if each.name == name)
            yield f"{variable} is not set, and SEDO_AUTH=jwt needs it"
    if given.get("jwt_secret") and given.get("jwt_keys"):
        yield "SEDO_JWT_SECRET and SEDO_JWT_JWKS_URL are both set: tokens are signed in one way"


def variables() -> Iterator[tuple[str, str]]:
    """Name each variable, and say what it does and, in brackets, what counts where it is not set."""
    return ((each.metadata["name"], each.metadata["about"]) for each in fields(Settings))
