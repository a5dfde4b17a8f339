"""An HTTP API before the application, in place of a REST API: its events have payload format 1.0.

The shapes are those of "Working with AWS Lambda proxy integrations for HTTP APIs" and "Control access to HTTP APIs with
AWS Lambda authorizers" (Amazon API Gateway Developer Guide).
"""

import base64
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from chalice.local import LocalGateway, LocalGatewayAuthorizer

from tests.application import Sedo

TEXT = ("text/", "application/json", "application/javascript", "application/xml")
"""Content types whose bodies an event holds as they are; all others are in base64."""
DEFAULT = "$default"


class HttpApiAuthorizer(LocalGatewayAuthorizer):
    """Its authorizer is of the kind ``REQUEST``."""

    def _prepare_authorizer_event(self, arn: str, lambda_event: Any, lambda_context: Any) -> Any:
        event = super()._prepare_authorizer_event(arn, lambda_event, lambda_context)
        token = event["authorizationToken"]
        return {**event, "version": "1.0", "type": "REQUEST", "identitySource": token}


class HttpApi(LocalGateway):
    """It asks for every path, and has none of Chalice's own answers."""

    def __init__(self, app: Any, config: Any) -> None:
        super().__init__(app, config)
        self._authorizer = HttpApiAuthorizer(app)

    def _generate_lambda_event(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        try:
            event = super()._generate_lambda_event(method, path, headers, body)
        except ValueError:
            event = self._of_default(method, path, headers, body)
        if method not in self._app_object.routes.get(event["requestContext"]["resourcePath"], {}):
            event = self._of_default(method, path, headers, body)
        return shaped(event, dict(headers), body)

    def _has_user_defined_options_method(self, lambda_event: Any) -> bool:
        return True

    def _of_default(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        event = super()._generate_lambda_event(method, "/sedo/health", headers, body)
        event["requestContext"] |= {"resourcePath": DEFAULT, "path": path.partition("?")[0]}
        return event


def shaped(event: Mapping[str, Any], headers: Mapping[str, str], body: bytes | None) -> dict[str, Any]:
    """Give an event of a REST API the shape of payload format 1.0."""
    context = event["requestContext"]
    kind = {name.lower(): field for name, field in headers.items()}.get("content-type", "")
    is_text = kind.startswith(TEXT)
    content = body or b""
    query = event["multiValueQueryStringParameters"]
    return {
        "version": "1.0",
        "resource": context["resourcePath"],
        "path": context["path"],
        "httpMethod": context["httpMethod"],
        "headers": dict(event["headers"]),
        "multiValueHeaders": {name: [field] for name, field in event["headers"].items()},
        "queryStringParameters": None if query is None else {name: found[-1] for name, found in query.items()},
        "multiValueQueryStringParameters": query,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "id",
            "authorizer": {"claims": None, "scopes": None},
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "extendedRequestId": "request-id",
            "httpMethod": context["httpMethod"],
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "test", "userArn": None},
            "path": context["path"],
            "protocol": "HTTP/1.1",
            "requestId": f"{uuid4()}=",
            "requestTime": "04/Mar/2020:19:15:17 +0000",
            "requestTimeEpoch": 1583349317135,
            "resourceId": None,
            "resourcePath": context["resourcePath"],
            "stage": DEFAULT,
        },
        "pathParameters": event["pathParameters"] or None,
        "stageVariables": None,
        "body": (content.decode() if is_text else base64.b64encode(content).decode()) if content else None,
        "isBase64Encoded": bool(content) and not is_text,
    }


def behind_http_api(sedo: Sedo, app: Any) -> None:
    """Let the client of a test ask through an HTTP API from now on."""
    client = sedo.client.http
    client._local_gateway = HttpApi(app, client._config)  # noqa: SLF001 - Chalice has no way to give it another
