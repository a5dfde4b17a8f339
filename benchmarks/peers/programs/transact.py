"""DBOS Transact, over the database that is named."""

import sys
from urllib.request import urlopen

from dbos import DBOS
from protocol import serve

SERVER, DATABASE = sys.argv[1:3]
DBOS(config={"name": "peer", "system_database_url": DATABASE, "log_level": "ERROR", "run_admin_server": False})


@DBOS.step()
def say(number: int) -> str:
    return f"step {number}"


@DBOS.step()
def ask(number: int) -> str:
    with urlopen(f"{SERVER}/{number}") as answer:
        return answer.read().decode()


@DBOS.workflow()
def line(number: int) -> str:
    return say(number)


@DBOS.workflow()
def workflow(shape: str, count: int) -> int:
    if shape == "fan-out":
        started = [DBOS.start_workflow(line, number) for number in range(count)]
        return len([each.get_result() for each in started])
    step = ask if shape == "http" else say
    return len([step(number) for number in range(count)])


DBOS.launch()
serve(workflow)
DBOS.destroy()
