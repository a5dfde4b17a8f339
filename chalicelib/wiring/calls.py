"""What calls into the world are made with: what a tenant may reach, its secrets, tokens, and what makes each kind."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.calls.guard import guarded
from chalicelib.adapters.calls.secrets import Secrets
from chalicelib.adapters.calls.tenant_settings import Settings
from chalicelib.adapters.calls.tokens import TokenKeys, Tokens
from chalicelib.api.parsing import read_json
from chalicelib.core.values.json import Json, Problem
from chalicelib.wiring.adapters import Adapters

if TYPE_CHECKING:
    from chalicelib.adapters.calls.guard import PlainCall
    from chalicelib.adapters.calls.pool import CallHandler


class CallWiring:
    """Settings, secrets and tokens of a process, each read when it is needed and kept for a while."""

    def __init__(self, adapters: Adapters) -> None:
        names, now = adapters.names, adapters.clock.now
        self.settings = Settings(adapters.parameters, names, now)
        self.tokens = Tokens(TokenKeys(adapters.parameters, names, now), now)
        self._secrets = Secrets(adapters.secrets(), now)
        self._prefix = names.prefix

    def performer(self, kind: str) -> "CallHandler":
        """Make what makes calls of a kind, with secrets and tokens; only what it needs is loaded."""
        make: Mapping[str, Callable[[], PlainCall]] = {"http": self._http, "aws": self._aws, "lambda": self._lambda}
        return guarded(make[kind](), self._secrets.get, self.tokens.issue)

    def inspect(self, tenant: str, document: Mapping[str, Json]) -> Sequence[Problem]:
        """Find what is wrong with the calls of a definition; without any, nothing is looked up."""
        if '"aws"' not in json.dumps(document):
            return ()
        from chalicelib.adapters.aws.allow import ACTIONS, allowed  # noqa: PLC0415 - few definitions call AWS
        from chalicelib.adapters.aws.models import problems  # noqa: PLC0415 - the same

        return problems(document, allowed(os.environ.get(ACTIONS)), self.settings.of(tenant).aws_actions)

    def _http(self) -> "PlainCall":
        from chalicelib.adapters.http.addresses import allowed  # noqa: PLC0415 - only for steps that make requests
        from chalicelib.adapters.http.call import HttpCalls  # noqa: PLC0415 - the same
        from chalicelib.adapters.http.gate import SETTING  # noqa: PLC0415 - the same

        local = allowed(os.environ.get(SETTING))
        return HttpCalls(lambda tenant: self.settings.of(tenant).http_hosts, read_json, local=local)

    def _aws(self) -> "PlainCall":
        from chalicelib.adapters.aws.allow import ACTIONS, allowed  # noqa: PLC0415 - the same
        from chalicelib.adapters.aws.call import AwsCalls  # noqa: PLC0415 - only for steps that call AWS

        tenants = self.settings.of
        return AwsCalls(allowed(os.environ.get(ACTIONS)), lambda tenant: tenants(tenant).aws_actions, self._prefix)

    def _lambda(self) -> "PlainCall":
        from chalicelib.adapters.aws.allow import FUNCTIONS, allowed  # noqa: PLC0415 - only for steps that call it
        from chalicelib.adapters.aws.function import LambdaCalls  # noqa: PLC0415 - the same

        patterns = allowed(os.environ.get(FUNCTIONS))
        return LambdaCalls(patterns, lambda tenant: self.settings.of(tenant).lambda_functions, self._prefix, read_json)
