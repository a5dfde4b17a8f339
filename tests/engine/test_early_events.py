"""An event can be sent to an execution that has not begun yet."""

from datetime import timedelta

from chalicelib.core.executions.model import Signal
from tests.home import ECHO, START, Home


def test_the_schedule_begins_one_whose_start_is_lost_though_it_was_sent_an_event_since(home: Home) -> None:
    home.create(ECHO, {"type": "event", "name": "paid"})
    execution, _ = home.service.execute("t", "d", 7, name="mine")
    home.queue.messages.clear()
    home.answers.send("t", execution.id, Signal("event-1", "paid", START + timedelta(days=1), "yes"))
    for _ in range(3):
        home.clock.sleep(60)
        home.sweep_due()
        home.deliver_all()
    assert home.only().output == "yes"
