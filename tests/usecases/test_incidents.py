"""Incidents that are redriven: how long one call goes on."""

from chalicelib.core.records.incident import IncidentKind, of_execution
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.incidents import RedriveOrder
from tests.home import WAIT, Home


def test_a_call_ends_in_time_whatever_is_left_and_one_that_fails_holds_none_up() -> None:
    home, woken = Home(), list[str]()
    home.create(WAIT)
    found = [home.read(home.execute()) for _ in range(4)]

    def wake(item: object) -> None:
        woken.append(str(item))
        home.clock.sleep(6)
        if len(woken) == 1:
            raise UnavailableError("no")

    service = copy_with(home.services.incidents(home.incidents), wake=wake)
    incidents = [of_execution(IncidentKind.STUCK, each, home.clock.now(), "it stands") for each in found]
    done = service.redrive_many(incidents, RedriveOrder(lambda *_: None))
    assert [error is None for _, error in done] == [False, True, True]
