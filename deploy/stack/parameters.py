"""Parameters of a stack, and the conditions that follow from them."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.core.values.value import value
from deploy.resources import LONGEST_WINDOW
from deploy.stack.syntax import Block, ref

YES_NO = ("yes", "no")
LOG_DAYS = (1, 3, 7, 14, 30, 60, 90, 180, 365, 731)
"""Of those that CloudWatch Logs takes (Amazon CloudWatch Logs API Reference, "PutRetentionPolicy")."""
LIST = "CommaDelimitedList"
FEWEST, MOST = 2, 1000
"""Of functions that a mapping runs at once (AWS Lambda API Reference, "ScalingConfig")."""


@value
class StackParameter:
    """A parameter of the stack."""

    name: str
    about: str
    default: str | int
    choices: Sequence[str | int] = ()
    least: int | None = None
    most: int | None = None
    kind: str = ""
    """Of its value, where that is neither text nor a number."""

    def block(self) -> Block:
        """Write it as a template does."""
        found: dict[str, Any] = {
            "Type": self.kind or ("Number" if isinstance(self.default, int) else "String"),
            "Default": self.default,
            "Description": self.about,
        }
        found |= {"AllowedValues": list(self.choices)} if self.choices else {}
        found |= {} if self.least is None else {"MinValue": self.least}
        return found | ({} if self.most is None else {"MaxValue": self.most})


def parameters(*, lasting: bool, values_bucket: str = "", search_url: str = "") -> tuple[StackParameter, ...]:
    """Name the parameters of a stage; one that is to last reserves what it needs.

    ``values_bucket`` and ``search_url`` are what the variables of the stage say.
    """
    return (*_doors(values_bucket, search_url), *_functions(lasting=lasting), *_observed(lasting=lasting))


def _doors(values_bucket: str, search_url: str) -> tuple[StackParameter, ...]:
    return (
        StackParameter(
            "FrontDoor", "rest: a REST API, 3.50 dollars a million; http: an HTTP API, 1.00", "rest", ("rest", "http")
        ),
        StackParameter("DomainName", "a domain of your own; empty: that of API Gateway", ""),
        StackParameter("CertificateArn", "the certificate of that domain, in this region", ""),
        StackParameter("HostedZoneId", "the zone of Route 53 that gets the record of that domain; empty: none", ""),
        StackParameter(
            "KmsKeyArn", "a key of yours for tables, queues, logs and variables; empty: the keys of AWS", ""
        ),
        StackParameter("SubnetIds", "subnets that functions run in, separated by commas; empty: no VPC", "", kind=LIST),
        StackParameter("SecurityGroupIds", "security groups that functions are in, separated by commas", "", kind=LIST),
        StackParameter("ValuesBucket", "a bucket of yours for values that no answer holds; empty: none", values_bucket),
        StackParameter(
            "SearchUrl", "where OpenSearch is, by which executions are searched for; empty: none", search_url
        ),
        StackParameter("SearchDomain", "the name of that domain, in this account and region", ""),
        StackParameter(
            "UsagePlan", "yes: a REST API asks for x-api-key too, and a usage plan counts by it", "no", YES_NO
        ),
        StackParameter("RequestsPerSecond", "requests that a key of the usage plan may make in a second", 100, (), 1),
    )


def _functions(*, lasting: bool) -> tuple[StackParameter, ...]:
    return (
        StackParameter("Workers", "functions that work at once, at most", 100 if lasting else 10, (), FEWEST, MOST),
        StackParameter("Timers", "functions that fire timers at once, at most", 20 if lasting else 5, (), FEWEST, MOST),
        StackParameter(
            "Reserve",
            "yes: workers and timers have these functions to themselves, whatever the API does",
            "yes" if lasting else "no",
            YES_NO,
        ),
        StackParameter(
            "SnapStart", "yes: the API's function starts from a snapshot of one that is ready", "no", YES_NO
        ),
        StackParameter("Provisioned", "functions of the API that stand ready; SnapStart is off then", 0, (), 0),
        StackParameter("BatchingWindow", "seconds that messages are collected for", 0, (), 0, LONGEST_WINDOW),
    )


def _observed(*, lasting: bool) -> tuple[StackParameter, ...]:
    return (
        StackParameter("Tracing", "yes: X-Ray traces requests and functions", "no", YES_NO),
        StackParameter(
            "Metrics", "yes: functions count what they do, in the namespace sedo", "yes" if lasting else "no", YES_NO
        ),
        StackParameter(
            "TracesLayerArn", "a layer with OpenTelemetry for Python and its exporter: functions trace; empty: none", ""
        ),
        StackParameter("LogDays", "days that logs are kept", 30, LOG_DAYS),
        StackParameter("Alarms", "yes: alarms", "yes" if lasting else "no", YES_NO),
        StackParameter("AlarmTopicArn", "the topic of SNS that alarms tell; empty: none", ""),
    )


CONDITIONS: Mapping[str, Block] = {
    "IsRest": {"Fn::Equals": [ref("FrontDoor"), "rest"]},
    "IsHttp": {"Fn::Equals": [ref("FrontDoor"), "http"]},
    "HasDomain": {"Fn::Not": [{"Fn::Equals": [ref("DomainName"), ""]}]},
    "HasZone": {"Fn::And": [{"Condition": "HasDomain"}, {"Fn::Not": [{"Fn::Equals": [ref("HostedZoneId"), ""]}]}]},
    "HasKey": {"Fn::Not": [{"Fn::Equals": [ref("KmsKeyArn"), ""]}]},
    "InVpc": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref("SubnetIds")]}, ""]}]},
    "HasValuesBucket": {"Fn::Not": [{"Fn::Equals": [ref("ValuesBucket"), ""]}]},
    "HasSearch": {"Fn::Not": [{"Fn::Equals": [ref("SearchUrl"), ""]}]},
    "IsTraced": {"Fn::Equals": [ref("Tracing"), "yes"]},
    "HasUsagePlan": {"Fn::And": [{"Condition": "IsRest"}, {"Fn::Equals": [ref("UsagePlan"), "yes"]}]},
    "IsReserved": {"Fn::Equals": [ref("Reserve"), "yes"]},
    "HasProvisioned": {"Fn::Not": [{"Fn::Equals": [ref("Provisioned"), 0]}]},
    "HasSnapStart": {
        "Fn::And": [{"Fn::Equals": [ref("SnapStart"), "yes"]}, {"Fn::Not": [{"Condition": "HasProvisioned"}]}]
    },
    "HasAlarms": {"Fn::Equals": [ref("Alarms"), "yes"]},
    "HasRestAlarm": {"Fn::And": [{"Condition": "IsRest"}, {"Condition": "HasAlarms"}]},
    "HasHttpAlarm": {"Fn::And": [{"Condition": "IsHttp"}, {"Condition": "HasAlarms"}]},
    "HasMetrics": {"Fn::Equals": [ref("Metrics"), "yes"]},
    "HasMetricAlarms": {"Fn::And": [{"Condition": "HasMetrics"}, {"Condition": "HasAlarms"}]},
    "HasTraces": {"Fn::Not": [{"Fn::Equals": [ref("TracesLayerArn"), ""]}]},
    "HasTopic": {"Fn::Not": [{"Fn::Equals": [ref("AlarmTopicArn"), ""]}]},
}
