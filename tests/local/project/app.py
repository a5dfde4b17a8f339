"""A small application with one of each event source, for the tests of the local run."""

import os

import boto3
from chalice.app import Chalice, Rate, SQSEvent

QUEUE = "sedo_execution-processor-queue"

app = Chalice(app_name="small")
handled: list[str] = []
scheduled: list[str] = []


@app.route("/sedo/health")
def health() -> dict[str, str]:
    return {"prefix": os.environ["SEDO_PREFIX"]}


@app.route("/handled")
def show_handled() -> dict[str, list[str]]:
    return {"handled": handled, "scheduled": scheduled}


@app.route("/messages/{body}", methods=["POST"])
def send(body: str) -> dict[str, str]:
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody=body)
    return {"sent": body}


@app.on_sqs_message(queue=QUEUE, batch_size=10)
def on_sqs_message(event: SQSEvent) -> None:
    handled.extend(record.body for record in event)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def on_schedule(event: object) -> None:
    scheduled.append(type(event).__name__)
