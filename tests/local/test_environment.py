import json
from pathlib import Path

from local.environment import chalice_config, set_environment

PROJECT = Path(__file__).parents[2]


def test_the_clients_are_led_to_the_endpoint_and_never_to_an_account() -> None:
    environment = {
        "PATH": "/bin",
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL_SQS": "https://sqs.example.org",
        "AWS_ACCESS_KEY_ID": "real",
    }
    set_environment(environment, chalice_config(PROJECT), "http://127.0.0.1:4566")
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["SEDO_PREFIX"] == "sedo"
    assert environment["PATH"] == "/bin"
    assert not environment.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SQS"}


def test_a_prefix_that_is_set_stays() -> None:
    environment = {"SEDO_PREFIX": "mine"}
    set_environment(environment, chalice_config(PROJECT), "http://127.0.0.1:4566")
    assert environment["SEDO_PREFIX"] == "mine"


def test_the_stages_have_names_of_their_own_and_every_function_its_time() -> None:
    config = chalice_config(PROJECT)
    stages = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"]
    prefixes = {name: config.scope(name, "api_handler").environment_variables["SEDO_PREFIX"] for name in stages}
    assert prefixes == {"local": "sedo", "dev": "sedo-dev", "prod": "sedo-prod"}
    assert config.scope("prod", "api_handler").lambda_timeout == 30
    assert config.scope("prod", "on_sqs_message").lambda_timeout == 60
