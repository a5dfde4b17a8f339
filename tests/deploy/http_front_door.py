"""The HTTP API of a stack, called: its document read as AWS reads it, and its functions asked by payload format 1.0.

Ministack makes the API and leaves its document aside; its own routes know payload format 2.0 alone.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

from chalice.local import LambdaEventConverter, RouteMatcher

from tests.http_api import DEFAULT, shaped

UNAUTHORIZED = (401, {"Content-Type": "application/json"}, b'{"message": "Unauthorized"}')
FORBIDDEN = (403, {"Content-Type": "application/json"}, b'{"message": "Forbidden"}')
ARN = "arn:aws:execute-api:us-east-1:000000000000:id"

Answer = tuple[int, Mapping[str, str], bytes]


class HttpFrontDoor:
    """Finds the route of a request, asks its authorizer, and then its function.

    Args:
        template: of the stack, as it is packaged.
        functions: a client of Lambda.
    """

    def __init__(self, template: Mapping[str, Any], functions: Any) -> None:
        self._resources, self._functions = template["Resources"], functions
        body = self._resources["HttpApi"]["Properties"]["Body"]
        self._paths, components = body["paths"], body["components"]
        (self._integration,) = components["x-amazon-apigateway-integrations"].values()
        self._schemes = components["securitySchemes"]
        self._converter = LambdaEventConverter(RouteMatcher([path for path in self._paths if path.startswith("/sedo")]))

    def ask(self, method: str, path: str, fields: Mapping[str, str], content: bytes) -> Answer:
        """Ask it as a caller does."""
        event, operation = self._routed(method, path, fields, content)
        for name in operation.get("security", [{}])[0]:
            asked = self._schemes[name]["x-amazon-apigateway-authorizer"]
            assert asked["authorizerPayloadFormatVersion"] == "1.0"
            token = {key.lower(): text for key, text in fields.items()}.get("authorization")
            if token is None:
                return UNAUTHORIZED
            request = {**event, "type": "REQUEST", "identitySource": token, "authorizationToken": token}
            policy = self._invoked(asked["authorizerUri"], {**request, "methodArn": f"{ARN}/$default/{method}{path}"})
            if policy["policyDocument"]["Statement"][0]["Effect"] != "Allow":
                return FORBIDDEN
            event["requestContext"]["authorizer"] |= {"principalId": policy["principalId"], **policy["context"]}
        assert self._integration["payloadFormatVersion"] == "1.0"
        answer = self._invoked(self._integration["uri"], event)
        body = answer["body"].encode()
        return (
            answer["statusCode"],
            {**answer.get("headers", {}), **{name: found[-1] for name, found in answer["multiValueHeaders"].items()}},
            base64.b64decode(body) if answer.get("isBase64Encoded") else body,
        )

    def _routed(self, method: str, path: str, fields: Mapping[str, str], content: bytes) -> tuple[Any, Any]:
        """Make the event of a request, and find its operation: that of the route, or the one for all others."""
        try:
            event = self._converter.create_lambda_event(method, path, dict(fields), content)
        except ValueError:
            event = self._converter.create_lambda_event(method, "/sedo/health", dict(fields), content)
            event["requestContext"] |= {"resourcePath": DEFAULT, "path": path.partition("?")[0]}
        operation = self._paths.get(event["requestContext"]["resourcePath"], {}).get(method.lower())
        if operation is None:
            operation = self._paths["/$default"]["x-amazon-apigateway-any-method"]
            event["requestContext"]["resourcePath"] = DEFAULT
        return shaped(event, fields, content), operation

    def _invoked(self, uri: Mapping[str, Any], event: object) -> Any:
        """Call the function that a URI of the document names."""
        _, values = uri["Fn::Sub"]
        named = values["Function"]
        logical, _, alias = named["Ref"].partition(".") if "Ref" in named else (named["Fn::GetAtt"][0], "", "")
        properties = self._resources[logical]["Properties"]
        name = properties["FunctionName"] + (f":{properties['AutoPublishAlias']}" if alias == "Alias" else "")
        called = self._functions.invoke(FunctionName=name, Payload=json.dumps(event))
        payload = called["Payload"].read()
        assert "FunctionError" not in called, payload
        return json.loads(payload)
