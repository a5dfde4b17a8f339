"""Calls over http, as tests make them."""

from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.adapters.http.call import HttpCalls
from chalicelib.adapters.http.gate import Resolver
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json_text import read_json
from tests import words

KEY = CallKey("acme:order:1f2e", "fan-out/left", 7)


def anywhere(tenant: str) -> Sequence[str] | None:
    return None


def always(*addresses: str) -> Resolver:
    """Make a resolver that knows one answer."""
    return lambda _host, _port: addresses


def one_by_one(answers: list[list[str]]) -> Resolver:
    """Make a resolver that gives its answers away, so that those that are left were not asked for."""
    return lambda _host, _port: answers.pop(0)


def http_calls(**settings: Any) -> HttpCalls:
    """Make what may call the loopback interface."""
    settings.setdefault("local", ["127.0.0.1"])
    return HttpCalls(settings.pop("hosts", anywhere), read_json, **settings)


def call(url: str, **params: Any) -> Any:
    return http_calls()({"url": url, **params}, KEY)


def refusal(url: str, sender: HttpCalls | None = None, **params: Any) -> StepError:
    with pytest.raises(StepError) as raised:
        (sender or http_calls())({"url": url, **params}, KEY)
    words.require_own([str(raised.value)])
    return raised.value
