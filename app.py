"""The application: every route and every handler, and nothing else."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from chalice.app import (
    AuthRequest,
    Chalice,
    CloudWatchEvent,
    DynamoDBEvent,
    IAMAuthorizer,
    Rate,
    Request,
    Response,
    SQSEvent,
)

from chalicelib.core.values.log_line import line, structured
from chalicelib.wiring.settings import Settings, this_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Authorizer

    from chalicelib.wiring.graph import Wiring
    from chalicelib.wiring.routes import Routes

JSON = ["application/json"]
READ = ["GET", "HEAD"]
DOCUMENT = [*JSON, "application/yaml", "application/x-yaml", "text/yaml"]
T = "/sedo/tenants/{tenantId}"
BATCH = 10
STREAM_BATCH = 100

app = Chalice(app_name="sedo")
settings = Settings.from_environment()
names = settings.names
structured(app.log, settings.log_level)  # Chalice sets ERROR, and a message that is given back would leave no trace


@app.authorizer(ttl_seconds=60)
def authenticate(request: AuthRequest) -> dict[str, Any]:
    """Find out who asks; whether they may, the application decides on every route."""
    policy = wired().observed(request, lambda _: wired().access.authenticator.policy(request))  # it has no middleware
    return cast("dict[str, Any]", policy)


AUTHORIZERS: "dict[str, Authorizer | None]" = {"none": None, "iam": IAMAuthorizer()}
guarded = partial(app.route, authorizer=AUTHORIZERS.get(min(settings.auth), authenticate))
"""Declares a route for callers who are known."""


def wired() -> "Wiring":
    """Answer the object graph; it is made at its first use, as every function imports this module."""
    from chalicelib.wiring.graph import wiring  # noqa: PLC0415 - see above

    return wiring()


def routes() -> "Routes":
    """Answer the implementations of the operations of the contract, each by its operationId."""
    return wired().routes


def request() -> Request:
    """Read the request at hand, once and first: other threads may have their own soon."""
    return cast("Request", app.current_request)


def observed(event: object, get_response: "Callable[[object], object]") -> object:
    """Observe a call of a function, whatever its event is."""
    return wired().observed(event, get_response)


if settings.is_observed:
    app.register_middleware(observed)


@app.middleware("http")
def explain(event: Request, get_response: "Callable[[Request], Response]") -> Response:
    """Turn errors of Chalice into problem documents, and add the header fields that every answer has."""
    from chalicelib.api.headers import REQUEST_ID, dressed, log_members, named  # noqa: PLC0415 - nothing heavy at the top
    from chalicelib.api.http import framework_problem, nowhere  # noqa: PLC0415 - the same

    if event is not None:
        named(event)
    methods = {} if event is None else app.routes.get(event.context["resourcePath"])
    route = methods.get(event.method) if methods else None
    is_known = event is None or methods  # an HTTP API hands on all other paths
    answer = framework_problem(get_response(event), route) if is_known else nowhere(event.context["path"], app.routes)
    if event is not None:  # it is None for an event without a resource path
        dressed(event, answer, settings.cors_origins)
        place: Any = event.context["resourcePath"]  # the path itself may have a token
        about = {"route": place, "status": answer.status_code, "request": answer.headers[REQUEST_ID]}
        app.log.info(line("answered", method=event.method, **about, **log_members(event)))
    return answer


@app.route("/sedo/health", methods=READ)
def health() -> Response:
    """Tell whether all of sedo works."""
    return routes().health.health(request())


@app.route("/sedo/openapi.json", methods=READ)
def read_contract() -> Response:
    """Show the contract of this API."""
    return routes().reference.read_contract(request())


@app.route("/sedo/docs", methods=READ)
def read_docs() -> Response:
    """Show a page to read and to try the contract."""
    return routes().reference.read_docs(request())


@app.route("/sedo/docs/{name}", methods=READ)
def read_docs_file(name: str) -> Response:
    """Serve a file of that page."""
    return routes().reference.read_docs_file(request(), name)


@app.route("/ui", methods=READ)
def open_console() -> Response:
    """Redirect to the console."""
    return routes().console.open_console(request())


@app.route("/ui/{name}", methods=READ)
def read_console_file(name: str) -> Response:
    """Show the console."""
    return routes().console.read_console_file(request(), name)


@app.route("/ui/assets/{name}", methods=READ)
def read_console_asset(name: str) -> Response:
    """Serve what the console loads."""
    return routes().console.read_console_asset(request(), name)


@app.route("/sedo/step-types", methods=READ)
def list_step_types() -> Response:
    """List step types."""
    return routes().reference.list_step_types(request())


@app.route("/sedo/functions", methods=READ)
def list_functions() -> Response:
    """List the functions of templates."""
    return routes().reference.list_functions(request())


@app.route("/sedo/definition-schema.json", methods=READ)
def read_definition_schema() -> Response:
    """Show the JSON Schema of definitions."""
    return routes().reference.read_definition_schema(request())


@guarded("/sedo/me", methods=READ)
def read_me() -> Response:
    """Show who asks."""
    return routes().access.read_me(request())


@guarded(T, methods=READ)
def read_tenant(tenantId: str) -> Response:
    """Read the settings and quotas of a tenant."""
    return routes().access.read_tenant(request(), tenantId)


@guarded(T, methods=["PUT"], content_types=JSON)
def put_tenant(tenantId: str) -> Response:
    """Write the settings and quotas of a tenant."""
    return routes().access.put_tenant(request(), tenantId)


@guarded(T, methods=["DELETE"])
def reset_tenant(tenantId: str) -> Response:
    """Go back to the defaults of a tenant."""
    return routes().access.reset_tenant(request(), tenantId)


@guarded(T + "/roles", methods=READ)
def list_roles(tenantId: str) -> Response:
    """List roles."""
    return routes().access.list_roles(request(), tenantId)


@guarded(T + "/roles/{name}", methods=READ)
def read_role(tenantId: str, name: str) -> Response:
    """Read a role."""
    return routes().access.read_role(request(), tenantId, name)


@guarded(T + "/roles/{name}", methods=["PUT"], content_types=JSON)
def put_role(tenantId: str, name: str) -> Response:
    """Write a role."""
    return routes().access.put_role(request(), tenantId, name)


@guarded(T + "/roles/{name}", methods=["DELETE"])
def delete_role(tenantId: str, name: str) -> Response:
    """Delete a role."""
    return routes().access.delete_role(request(), tenantId, name)


@guarded(T + "/bindings", methods=READ)
def list_bindings(tenantId: str) -> Response:
    """List bindings."""
    return routes().access.list_bindings(request(), tenantId)


@guarded(T + "/bindings/{name}", methods=READ)
def read_binding(tenantId: str, name: str) -> Response:
    """Read a binding."""
    return routes().access.read_binding(request(), tenantId, name)


@guarded(T + "/bindings/{name}", methods=["PUT"], content_types=JSON)
def put_binding(tenantId: str, name: str) -> Response:
    """Write a binding."""
    return routes().access.put_binding(request(), tenantId, name)


@guarded(T + "/bindings/{name}", methods=["DELETE"])
def delete_binding(tenantId: str, name: str) -> Response:
    """Delete a binding."""
    return routes().access.delete_binding(request(), tenantId, name)


@guarded(T + "/keys", methods=["POST"], content_types=JSON)
def create_key(tenantId: str) -> Response:
    """Make an API key."""
    return routes().access.create_key(request(), tenantId)


@guarded(T + "/keys", methods=READ)
def list_keys(tenantId: str) -> Response:
    """List API keys."""
    return routes().access.list_keys(request(), tenantId)


@guarded(T + "/keys/{id}", methods=READ)
def read_key(tenantId: str, id: str) -> Response:
    """Read what is known of an API key."""
    return routes().access.read_key(request(), tenantId, id)


@guarded(T + "/keys/{id}", methods=["DELETE"])
def revoke_key(tenantId: str, id: str) -> Response:
    """Revoke an API key."""
    return routes().access.revoke_key(request(), tenantId, id)


@guarded(T + "/definitions", methods=["POST"], content_types=DOCUMENT)
def create_definition(tenantId: str) -> Response:
    """Create a definition, or its next version."""
    return routes().definitions.create_definition(request(), tenantId)


@guarded(T + "/definitions", methods=READ)
def list_definitions(tenantId: str) -> Response:
    """List definitions."""
    return routes().definitions.list_definitions(request(), tenantId)


@guarded(T + "/definitions/validate", methods=["POST"], content_types=DOCUMENT)
def validate_definition(tenantId: str) -> Response:
    """Find every problem of a definition."""
    return routes().definitions.validate_definition(request(), tenantId)


@guarded(T + "/definitions/{id}", methods=READ)
def read_definition(tenantId: str, id: str) -> Response:
    """Read a definition."""
    return routes().definitions.read_definition(request(), tenantId, id)


@guarded(T + "/definitions/{id}", methods=["DELETE"])
def retire_definition(tenantId: str, id: str) -> Response:
    """Retire a definition."""
    return routes().definitions.retire_definition(request(), tenantId, id)


@guarded(T + "/definitions/{id}/versions", methods=READ)
def list_versions(tenantId: str, id: str) -> Response:
    """List the versions of a definition."""
    return routes().definitions.list_versions(request(), tenantId, id)


@guarded(T + "/definitions/{id}/execute", methods=["POST"], content_types=JSON)
def execute_definition(tenantId: str, id: str) -> Response:
    """Start an execution of a definition."""
    return routes().executions.execute_definition(request(), tenantId, id)


@guarded(T + "/definitions/{id}/execute-batch", methods=["POST"], content_types=JSON)
def execute_batch(tenantId: str, id: str) -> Response:
    """Start many executions."""
    return routes().executions.execute_batch(request(), tenantId, id)


@guarded(T + "/uploads", methods=["POST"], content_types=JSON)
def create_upload(tenantId: str) -> Response:
    """Begin to send a large input in parts."""
    return routes().uploads.create_upload(request(), tenantId)


@guarded(T + "/uploads/{id}/{part}", methods=["PUT"], content_types=["application/octet-stream"])
def upload_part(tenantId: str, id: str, part: str) -> Response:
    """Send a part of a large input."""
    return routes().uploads.upload_part(request(), tenantId, id, part)


@guarded(T + "/definitions/{id}/test", methods=["POST"], content_types=JSON)
def dry_run_definition(tenantId: str, id: str) -> Response:
    """Run a definition with mocks, and write nothing."""
    return routes().dry_runs.dry_run_definition(request(), tenantId, id)


@guarded(T + "/definitions/{id}/test/values", methods=["POST"], content_types=JSON)
def read_dry_run_value(tenantId: str, id: str) -> Response:
    """Run a definition with mocks, and read a value of the result."""
    return routes().dry_runs.read_dry_run_value(request(), tenantId, id)


@guarded(T + "/executions", methods=READ)
def list_executions(tenantId: str) -> Response:
    """List executions."""
    return routes().executions.list_executions(request(), tenantId)


@guarded(T + "/executions/{id}", methods=READ)
def read_execution(tenantId: str, id: str) -> Response:
    """Read an execution."""
    return routes().executions.read_execution(request(), tenantId, id)


@guarded(T + "/executions/{id}/history", methods=READ)
def read_history(tenantId: str, id: str) -> Response:
    """Read what an execution did."""
    return routes().executions.read_history(request(), tenantId, id)


@guarded(T + "/executions/{id}/steps", methods=READ)
def read_steps(tenantId: str, id: str) -> Response:
    """Read what an execution did, by step and attempt."""
    return routes().executions.read_steps(request(), tenantId, id)


@guarded(T + "/executions/{id}/values", methods=READ)
def read_value(tenantId: str, id: str) -> Response:
    """Read a value of an execution, or of its history."""
    return routes().values.read_value(request(), tenantId, id)


@guarded(T + "/executions/{id}/cancel", methods=["POST"], content_types=JSON)
def cancel_execution(tenantId: str, id: str) -> Response:
    """End an execution."""
    return routes().executions.cancel_execution(request(), tenantId, id)


@guarded(T + "/executions/{id}/pause", methods=["POST"], content_types=JSON)
def pause_execution(tenantId: str, id: str) -> Response:
    """Pause an execution."""
    return routes().executions.pause_execution(request(), tenantId, id)


@guarded(T + "/executions/{id}/resume", methods=["POST"], content_types=JSON)
def resume_execution(tenantId: str, id: str) -> Response:
    """Resume a paused execution."""
    return routes().executions.resume_execution(request(), tenantId, id)


@guarded(T + "/executions/{id}/redrive", methods=["POST"], content_types=JSON)
def redrive_execution(tenantId: str, id: str) -> Response:
    """Redrive an execution after its end."""
    return routes().executions.redrive_execution(request(), tenantId, id)


@guarded(T + "/executions/{id}/events/{name}", methods=["POST"], content_types=JSON)
def send_event(tenantId: str, id: str, name: str) -> Response:
    """Send an event to an execution."""
    return routes().answers.send_event(request(), tenantId, id, name)


@guarded(T + "/executions/{id}/events", methods=READ)
def list_sent_events(tenantId: str, id: str) -> Response:
    """List the events that were sent to an execution."""
    return routes().answers.list_sent_events(request(), tenantId, id)


@guarded(T + "/events/{name}", methods=READ)
def list_events(tenantId: str, name: str) -> Response:
    """List what is kept of a name and key, and who waits."""
    return routes().answers.list_events(request(), tenantId, name)


@guarded(T + "/events/{name}", methods=["POST"], content_types=JSON)
def publish_event(tenantId: str, name: str) -> Response:
    """Send an event to whichever execution waits for it."""
    return routes().answers.publish_event(request(), tenantId, name)


@guarded(T + "/pause", methods=["POST"], content_types=JSON)
def pause_tenant(tenantId: str) -> Response:
    """Pause what runs of a tenant that is stopped."""
    return routes().standstill.pause_tenant(request(), tenantId)


@guarded(T + "/tasks", methods=READ)
def list_tasks(tenantId: str) -> Response:
    """List tasks."""
    return routes().tasks.list_tasks(request(), tenantId)


@guarded(T + "/tasks/{id}", methods=READ)
def read_task(tenantId: str, id: str) -> Response:
    """Read a task."""
    return routes().tasks.read_task(request(), tenantId, id)


@guarded(T + "/tasks/{id}/values", methods=READ)
def read_task_value(tenantId: str, id: str) -> Response:
    """Read a value of a task."""
    return routes().tasks.read_task_value(request(), tenantId, id)


@guarded(T + "/tasks/{id}/claim", methods=["POST"], content_types=JSON)
def claim_task(tenantId: str, id: str) -> Response:
    """Claim a task."""
    return routes().tasks.claim_task(request(), tenantId, id)


@guarded(T + "/tasks/{id}/release", methods=["POST"], content_types=JSON)
def release_task(tenantId: str, id: str) -> Response:
    """Release a claimed task."""
    return routes().tasks.release_task(request(), tenantId, id)


@guarded(T + "/tasks/{id}/reassign", methods=["POST"], content_types=JSON)
def reassign_task(tenantId: str, id: str) -> Response:
    """Reassign a task."""
    return routes().tasks.reassign_task(request(), tenantId, id)


@guarded(T + "/tasks/{id}/complete", methods=["POST"], content_types=JSON)
def complete_task(tenantId: str, id: str) -> Response:
    """Complete a task with an answer."""
    return routes().tasks.complete_task(request(), tenantId, id)


@guarded(T + "/tasks/{id}/reject", methods=["POST"], content_types=JSON)
def reject_task(tenantId: str, id: str) -> Response:
    """Reject a task."""
    return routes().tasks.reject_task(request(), tenantId, id)


@guarded(T + "/incidents", methods=READ)
def list_incidents(tenantId: str) -> Response:
    """List incidents."""
    return routes().incidents.list_incidents(request(), tenantId)


@guarded(T + "/incidents/redrive", methods=["POST"], content_types=JSON)
def redrive_incidents(tenantId: str) -> Response:
    """Redrive open incidents, or tell what that would do."""
    return routes().incidents.redrive_incidents(request(), tenantId)


@guarded(T + "/incidents/{id}", methods=READ)
def read_incident(tenantId: str, id: str) -> Response:
    """Read an incident."""
    return routes().incidents.read_incident(request(), tenantId, id)


@guarded(T + "/incidents/{id}/redrive", methods=["POST"], content_types=JSON)
def redrive_incident(tenantId: str, id: str) -> Response:
    """Redrive the execution of an incident."""
    return routes().incidents.redrive_incident(request(), tenantId, id)


@guarded("/sedo/schedule-times", methods=READ)
def list_schedule_times() -> Response:
    """Show the next times of a plan."""
    return routes().schedules().list_schedule_times(request())


@guarded(T + "/schedules", methods=READ)
def list_schedules(tenantId: str) -> Response:
    """List schedules."""
    return routes().schedules().list_schedules(request(), tenantId)


@guarded(T + "/schedules/{name}", methods=READ)
def read_schedule(tenantId: str, name: str) -> Response:
    """Read a schedule."""
    return routes().schedules().read_schedule(request(), tenantId, name)


@guarded(T + "/schedules/{name}", methods=["PUT"], content_types=JSON)
def put_schedule(tenantId: str, name: str) -> Response:
    """Write a schedule."""
    return routes().schedules().put_schedule(request(), tenantId, name)


@guarded(T + "/schedules/{name}", methods=["DELETE"])
def delete_schedule(tenantId: str, name: str) -> Response:
    """Delete a schedule."""
    return routes().schedules().delete_schedule(request(), tenantId, name)


@guarded(T + "/schedules/{name}/pause", methods=["POST"], content_types=JSON)
def pause_schedule(tenantId: str, name: str) -> Response:
    """Pause a schedule."""
    return routes().schedules().pause_schedule(request(), tenantId, name)


@guarded(T + "/schedules/{name}/resume", methods=["POST"], content_types=JSON)
def resume_schedule(tenantId: str, name: str) -> Response:
    """Resume a paused schedule."""
    return routes().schedules().resume_schedule(request(), tenantId, name)


@guarded(T + "/schedules/{name}/start", methods=["POST"], content_types=JSON)
def start_schedule(tenantId: str, name: str) -> Response:
    """Start an execution of a schedule now."""
    return routes().schedules().start_schedule(request(), tenantId, name)


@guarded(T + "/search", methods=READ)
def search(tenantId: str) -> Response:
    """Search executions, definitions or tasks."""
    return routes().search().search(request(), tenantId)


@guarded(T + "/audit", methods=READ)
def read_audit(tenantId: str) -> Response:
    """List what was changed, and what was refused."""
    return routes().audit.read_audit(request(), tenantId)


@app.route("/sedo/callbacks/succeed", methods=["POST"], content_types=JSON)
def succeed_step() -> Response:
    """Complete a step that waits for a callback."""
    return routes().answers.succeed_step(request())


@app.route("/sedo/callbacks/fail", methods=["POST"], content_types=JSON)
def fail_step() -> Response:
    """Fail a step that waits for a callback."""
    return routes().answers.fail_step(request())


@app.route("/sedo/callbacks/heartbeat", methods=["POST"], content_types=JSON)
def keep_step() -> Response:
    """Send a heartbeat for a step that waits for a callback."""
    return routes().answers.keep_step(request())


@app.route("/sedo/callbacks/{token}/succeed", methods=["POST"], content_types=JSON)
def succeed_callback(token: str) -> Response:
    """Complete a step, with the token in the path."""
    return routes().answers.succeed_callback(request(), token)


@app.route("/sedo/callbacks/{token}/fail", methods=["POST"], content_types=JSON)
def fail_callback(token: str) -> Response:
    """Fail a step, with the token in the path."""
    return routes().answers.fail_callback(request(), token)


@app.route("/sedo/callbacks/{token}/heartbeat", methods=["POST"], content_types=JSON)
def keep_callback(token: str) -> Response:
    """Send a heartbeat for a step, with the token in the path."""
    return routes().answers.keep_callback(request(), token)


def options(**_: str) -> Response:
    """Tell which methods a path answers."""
    from chalicelib.api.headers import options  # noqa: PLC0415 - see above

    asked = request()
    return options(asked, app.routes[asked.context["resourcePath"]], settings.cors_origins)


for path in tuple(app.routes):
    app.route(path, methods=["OPTIONS"])(options)


@app.on_sqs_message(queue=names.work, batch_size=BATCH)
def on_sqs_message(event: SQSEvent) -> object:
    """Drive executions."""
    return wired().worker.handle(*batch(event))


@app.on_sqs_message(queue=names.timers, batch_size=BATCH)
def on_timer_message(event: SQSEvent) -> object:
    """Fire timers; they have a queue of their own, so that a backlog of work delays none."""
    return wired().worker.handle(*batch(event))


@app.on_sqs_message(queue=names.dead_work, batch_size=1)
def on_dead_letter(event: SQSEvent) -> object:
    """Work on one dead letter, alone, so that none is suspected of what another has done."""
    return wired().dead_letters.handle(*batch(event))


@app.on_sqs_message(queue=names.dead_timers, batch_size=1)
def on_dead_timer(event: SQSEvent) -> object:
    """Work on one dead letter of the queue of timers, alone."""
    return wired().dead_letters.handle(*batch(event))


@app.on_dynamodb_record(stream_arn=names.execution_stream, batch_size=STREAM_BATCH)
def on_dynamodb_record(event: DynamoDBEvent) -> object:
    """Write what has changed of executions, tasks and definitions into the index of the search engine."""
    indexer = wired().indexer
    return None if indexer is None else indexer.handle(event.to_dict()["Records"], left(event.context), STREAM_BATCH)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def on_schedule(event: CloudWatchEvent) -> int:
    """Send the timers of long waits that come due, and once more the messages of what is late."""
    return wired().sweep_due(event.to_dict()["id"], left(event.context))


def batch(event: SQSEvent) -> tuple[list[dict[str, Any]], str, timedelta]:
    """Take a batch apart: its records, the id of the request, and the time that is left."""
    context: Any = event.context
    return event.to_dict()["Records"], context.aws_request_id, left(context)


def left(context: Any) -> timedelta:  # noqa: ANN401 - of Lambda, which has no type
    """Tell how much time a function has left."""
    return timedelta(milliseconds=context.get_remaining_time_in_millis())


if this_function().is_prepared:
    routes()
