"""Clients for the calls of steps, each made once, and what their failures are called."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.aws.values import incoming
from chalicelib.adapters.aws.words import refused, unreached
from chalicelib.adapters.clients import MAKING, VERSION, make
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import StepError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from chalicelib.core.values.json import Json

SECONDS = LIMITS.call_seconds
CONNECT_SECONDS = 4
CLIENTS = 32
"""That are kept: steps say in which region they call, and so how many there are."""

_USUAL = frozenset({"Error", "Message", "ResponseMetadata", "message"})
"""What every error of AWS has."""


def client(service: str, region: str | None, seconds: float, endpoint: str | None) -> Any:  # noqa: ANN401 - any of them
    """Answer the client of a service in a region and at an endpoint, None being the environment's."""
    with MAKING:
        return _client(service, region, seconds, endpoint)


@lru_cache(CLIENTS)
def _client(service: str, region: str | None, seconds: float, endpoint: str | None) -> Any:  # noqa: ANN401 - see above
    from botocore.config import Config  # noqa: PLC0415 - slow to load

    config = Config(
        user_agent_extra=f"sedo/{VERSION}",
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=min(CONNECT_SECONDS, seconds),
        read_timeout=max(0.1, seconds - CONNECT_SECONDS),
        max_pool_connections=16,
    )
    return make(service, region, endpoint, config)


@contextmanager
def failures(family: str) -> Iterator[None]:
    """Raise what goes wrong in a call as a failure of the step, by the code that AWS gives.

    Raises:
        StepError: of the family: ``aws`` or ``lambda``.
    """
    from botocore import exceptions, parsers  # noqa: PLC0415 - loaded by then

    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(family, error) from error
    except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError) as error:
        sent = isinstance(error, exceptions.ReadTimeoutError)
        raise StepError("AWS does not answer in time", f"{family}.Timeout", unanswered=sent) from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError) as error:
        sent = not isinstance(error, exceptions.EndpointConnectionError)
        raise StepError(unreached(error), f"{family}.Connect", unanswered=sent) from error
    except parsers.ResponseParserError as error:
        raise StepError("what came back is no answer of AWS", f"{family}.Connect", unanswered=True) from error
    except exceptions.BotoCoreError as error:
        raise StepError(refused(error), f"{family}.InvalidParameters") from error


def _refused(family: str, error: "ClientError") -> StepError:
    answer = cast("dict[str, Any]", error.response)
    said, about = answer.get("Error", {}), answer.get("ResponseMetadata", {})
    code = said.get("Code") or "Unknown"
    message = str(said.get("Message") or f"AWS answers {code!r}")
    details: dict[str, Json] = {
        "message": message,
        "status": about.get("HTTPStatusCode"),
        "requestId": about.get("RequestId"),
    }
    more = {name: member for name, member in answer.items() if name not in _USUAL}
    if more:
        details["answer"] = incoming(more)
    after = str(about.get("HTTPHeaders", {}).get("retry-after", ""))
    return StepError(message, f"{family}.{code}", details, float(after) if after.isdigit() else None)
