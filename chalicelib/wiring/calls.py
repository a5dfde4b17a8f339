"""Calls into the world: what a tenant may reach, its secrets, tokens, and the handler of each kind."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.calls.guard import guarded
from chalicelib.adapters.calls.secrets import Secrets
from chalicelib.adapters.calls.tenant_settings import CachedTenantSettings
from chalicelib.adapters.calls.tokens import TokenKeys, Tokens
from chalicelib.core.access.entries import OF_TENANT, EntryKind
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.values.json_text import read_inner, read_json
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from chalicelib.adapters.calls.guard import PlainCall
    from chalicelib.adapters.calls.pool import CallHandler


class CallWiring:
    """Settings of tenants, secrets and tokens, each read when it is needed and kept for a while."""

    def __init__(
        self, adapters: Adapters, settings: Settings, trace: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        names, now = adapters.names, adapters.clock.now
        self.tenants = CachedTenantSettings(
            lambda tenant: adapters.access.get(tenant, EntryKind.TENANT, OF_TENANT), now
        )
        self.keys = TokenKeys(adapters.parameters, names, now, settings.token_keys)
        self.tokens = Tokens(self.keys, now)
        self._settings, self._trace = settings, trace
        self._secrets = Secrets(adapters.secrets(), now)
        self._prefix, self._room = names.prefix, adapters.room

    def handler(self, kind: str) -> "CallHandler":
        """Make the handler of calls of a kind (``http``, ``aws``, ``lambda``), with secrets and tokens."""
        make: Mapping[str, Callable[[], PlainCall]] = {"http": self._http, "aws": self._aws, "lambda": self._lambda}
        return guarded(make[kind](), self._secrets.get, self.tokens.issue)

    def inspect(self, tenant: str, document: Mapping[str, Json]) -> Sequence[Problem]:
        """Find what is wrong with the calls of a definition; without any, nothing is looked up."""
        if '"aws"' not in json.dumps(document):
            return ()
        from chalicelib.adapters.aws.models import problems  # noqa: PLC0415 - few definitions call AWS

        return problems(document, self._settings.aws_actions, self.tenants.of(tenant).aws_actions)

    def answer_of(self, step: Mapping[str, Any]) -> Json:
        """Describe what the action of an `aws` step answers."""
        from chalicelib.adapters.aws.answers import answer_of  # noqa: PLC0415 - few definitions call AWS

        return answer_of(step, self._settings.aws_actions)

    def refusal_of(self, url: str) -> str | None:
        """Say why an `http` step may not call a URL, as far as its text tells."""
        from chalicelib.adapters.http.gate import refusal  # noqa: PLC0415 - few definitions make requests

        return refusal(url, self._settings.http_hosts)

    def _http(self) -> "PlainCall":
        from chalicelib.adapters.http.call import HttpCalls  # noqa: PLC0415 - only for steps that make requests

        local = self._settings.http_hosts
        return HttpCalls(
            lambda tenant: self.tenants.of(tenant).http_hosts,
            read_inner,
            local=local,
            room=self._room,
            trace=self._trace,
        )

    def _aws(self) -> "PlainCall":
        from chalicelib.adapters.aws.call import AwsCalls  # noqa: PLC0415 - only for steps that call AWS

        actions = self._settings.aws_actions
        return AwsCalls(
            actions,
            lambda tenant: self.tenants.of(tenant).aws_actions,
            self._prefix,
            room=self._room,
            bucket=self._settings.values_bucket,
        )

    def _lambda(self) -> "PlainCall":
        from chalicelib.adapters.aws.function import LambdaCalls  # noqa: PLC0415 - only for steps that call it

        functions = self._settings.lambda_functions
        return LambdaCalls(
            functions,
            lambda tenant: self.tenants.of(tenant).lambda_functions,
            self._prefix,
            read_json,
            trace=self._trace,
            room=self._room,
        )
