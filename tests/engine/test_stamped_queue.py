from datetime import timedelta

from chalicelib.core.values.value import copy_with
from chalicelib.engine.due_sweep import DueSweep, SendCollector
from tests.home import Home

CONTEXT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_what_the_schedule_sends_goes_on_in_the_trace_in_which_an_execution_was_put_to_wait(home: Home) -> None:
    home.create({"type": "wait", "seconds": 3600})
    home.execute("in")
    home.clock.sleep(2700)
    collector = SendCollector(home.queue)
    dependencies = copy_with(home.dependencies, queue=collector)
    sweep = DueSweep(dependencies, "sweep", home.clock.now() + timedelta(minutes=1))
    for found in (home.only(), copy_with(home.only(), trace=CONTEXT)):
        assert found.due_at is not None
        sweep.look_alone(dependencies, (found.id, found.due_at), found)
    assert [each.trace for each in collector.messages] == ["", CONTEXT]
