"""The front doors of a stack: the REST API that Chalice declares, or an HTTP API before the same function."""

from collections.abc import Iterator
from typing import Any

from chalice.app import Authorizer, Chalice, ChaliceAuthorizer

from chalicelib.wiring.settings import Settings
from deploy.stack.functions import arn
from deploy.stack.refusals import refusals
from deploy.stack.syntax import Block, get_att, ref, resource, sub, when

INTEGRATION = "#/components/x-amazon-apigateway-integrations/sedo"
ALIAS = ref("APIHandler.Alias")
"""The newest version of the function of the API: SnapStart and provisioned concurrency are of versions."""
KEPT_SECONDS = 60
"""How long API Gateway keeps who asked, as ``app.py`` declares it for a REST API."""
API_KEY = "api_key"


def front_doors(app: Chalice, settings: Settings, stage: str) -> Iterator[tuple[str, Block]]:
    """Declare what Chalice does not say of the REST API, the HTTP API, and the domain before either."""
    yield "RestAPI", {"Condition": "IsRest", "Properties": _rest(app, settings, stage)}
    yield "APIHandlerInvokePermission", {"Condition": "IsRest", "Properties": {"FunctionName": ALIAS}}
    yield "AuthenticateInvokePermission", {"Condition": "IsRest"}
    yield "HttpApi", resource("ApiGatewayV2::Api", {"Body": http_body(app, stage)}, Condition="IsHttp")
    staged = {"ApiId": ref("HttpApi"), "StageName": "$default", "AutoDeploy": True}
    yield "HttpApiStage", resource("ApiGatewayV2::Stage", staged, Condition="IsHttp")
    yield "HttpApiHandlerPermission", _permission(ALIAS)
    yield "HttpAuthenticatePermission", _permission(arn("authenticate"))
    yield from _domain()
    yield from _usage_plan()


def _rest(app: Chalice, settings: Settings, stage: str) -> Block:
    paths = {
        path: {method.lower(): _rest_operation(entry.authorizer) for method, entry in methods.items()}
        for path, methods in app.routes.items()
    }
    return {
        "TracingEnabled": when("IsTraced", True, False),  # noqa: FBT003 - a property
        "DefinitionBody": {
            "info": {"title": f"{app.app_name}-{stage}"},
            "paths": paths,
            "securityDefinitions": {API_KEY: {"type": "apiKey", "name": "x-api-key", "in": "header"}},
            "x-amazon-apigateway-gateway-responses": refusals(settings.cors_origins),
        },
    }


def _rest_operation(authorizer: Authorizer | None) -> Block:
    found = {"x-amazon-apigateway-integration": {"uri": _invocation(ALIAS)}}
    return found if authorizer is None else {**found, "security": _security(authorizer.name)}


def _security(authorizer: str) -> Block:
    """Ask for a key of the usage plan, too, where there is one."""
    return when("HasUsagePlan", [{authorizer: [], API_KEY: []}], [{authorizer: []}])


def http_body(app: Chalice, stage: str) -> Block:
    """Write the HTTP API as OpenAPI: every route by itself, so that events name it, and one for all other paths."""
    schemes: dict[str, Block] = {}
    paths: dict[str, dict[str, Block]] = {
        path: {method.lower(): _operation(entry.authorizer, schemes) for method, entry in methods.items()}
        for path, methods in app.routes.items()
    }
    for path, operations in paths.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if names:
            declared = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
            operations["parameters"] = declared  # type: ignore[assignment] # beside the operations, as OpenAPI has it
    everything = {"isDefaultRoute": True, "x-amazon-apigateway-integration": {"$ref": INTEGRATION}}
    paths["/$default"] = {"x-amazon-apigateway-any-method": {**everything, "responses": {}}}
    integration = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "payloadFormatVersion": "1.0",
        "uri": _invocation(ALIAS),
    }
    components = {"securitySchemes": schemes, "x-amazon-apigateway-integrations": {"sedo": integration}}
    info = {"title": f"{app.app_name}-{stage}", "version": "1.0"}
    return {"openapi": "3.0.1", "info": info, "paths": paths, "components": components}


def _operation(authorizer: Authorizer | None, schemes: dict[str, Block]) -> dict[str, Any]:
    found: dict[str, Any] = {"responses": {}, "x-amazon-apigateway-integration": {"$ref": INTEGRATION}}
    if authorizer is not None:
        schemes[authorizer.name] = _scheme(authorizer)
        found["security"] = [{authorizer.name: []}]
    return found


def _scheme(authorizer: Authorizer) -> Block:
    field = {"type": "apiKey", "name": "Authorization", "in": "header"}
    if not isinstance(authorizer, ChaliceAuthorizer):
        return {**field, "x-amazon-apigateway-authtype": "awsSigv4"}
    asked = {
        "type": "request",
        "identitySource": "$request.header.Authorization",
        "authorizerUri": _invocation(arn(authorizer.name)),
        "authorizerPayloadFormatVersion": "1.0",
        "authorizerResultTtlInSeconds": KEPT_SECONDS,
    }
    return {**field, "x-amazon-apigateway-authorizer": asked}


def _invocation(function: Block) -> Block:
    path = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function}/invocations"
    return sub(path, Function=function)


def _permission(function: Block) -> Block:
    source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*"
    properties = {
        "FunctionName": function,
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": sub(source),
    }
    return resource("Lambda::Permission", properties, Condition="IsHttp")


def _domain() -> Iterator[tuple[str, Block]]:
    configured = {"CertificateArn": ref("CertificateArn"), "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    domain = {"DomainName": ref("DomainName"), "DomainNameConfigurations": [configured]}
    no_warning = {"cfn-lint": {"config": {"ignore_checks": ["W1030"]}}}  # it sees an empty certificate without a domain
    yield "Domain", resource("ApiGatewayV2::DomainName", domain, Condition="HasDomain", Metadata=no_warning)
    mapping = {
        "DomainName": ref("Domain"),
        "ApiId": when("IsRest", ref("RestAPI"), ref("HttpApi")),
        "Stage": when("IsRest", ref("RestAPI.Stage"), ref("HttpApiStage")),
    }
    yield "DomainMapping", resource("ApiGatewayV2::ApiMapping", mapping, Condition="HasDomain")
    target = {
        "DNSName": get_att("Domain", "RegionalDomainName"),
        "HostedZoneId": get_att("Domain", "RegionalHostedZoneId"),
    }
    record = {"HostedZoneId": ref("HostedZoneId"), "Name": ref("DomainName"), "Type": "A", "AliasTarget": target}
    yield "DomainRecord", resource("Route53::RecordSet", record, Condition="HasZone")


def _usage_plan() -> Iterator[tuple[str, Block]]:
    limit = {"RateLimit": ref("RequestsPerSecond"), "BurstLimit": ref("RequestsPerSecond")}
    plan = {"ApiStages": [{"ApiId": ref("RestAPI"), "Stage": ref("RestAPI.Stage")}], "Throttle": limit}
    yield "KeyPlan", resource("ApiGateway::UsagePlan", plan, Condition="HasUsagePlan")
    yield "PlanKey", resource("ApiGateway::ApiKey", {"Enabled": True}, Condition="HasUsagePlan")
    member = {"KeyId": ref("PlanKey"), "KeyType": "API_KEY", "UsagePlanId": ref("KeyPlan")}
    yield "KeyPlanMember", resource("ApiGateway::UsagePlanKey", member, Condition="HasUsagePlan")


def outputs() -> dict[str, Block]:
    """Say where the API is; Chalice's own outputs keep their names."""
    rest = "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}/api"
    http = "https://${HttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
    address = when("HasDomain", sub("https://${DomainName}"), when("IsRest", sub(rest), sub(http)))
    return {
        "RestAPIId": {"Condition": "IsRest"},
        "EndpointURL": {"Value": sub("${Address}/", Address=address)},  # a Fn::Sub in place of Chalice's
    }
