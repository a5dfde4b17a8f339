import subprocess
import sys

from chalicelib.adapters import names
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, TABLES


def test_names_begin_with_the_prefix() -> None:
    wanted = names.Names("sedo-prod")
    assert wanted.table(EXECUTIONS) == "sedo-prod_execution"
    assert wanted.work == "sedo-prod_execution-processor-queue"


def test_every_name_is_another_one() -> None:
    wanted = names.Names("sedo")
    every = (*map(wanted.table, TABLES), *wanted.queues)
    assert len(set(every)) == len(every) == len(TABLES) + 4


def test_names_do_not_load_the_aws_library() -> None:
    code = "import sys; import chalicelib.adapters.names; sys.exit('botocore' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - its own interpreter
