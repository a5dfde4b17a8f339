import pytest

from chalicelib.core.executions.model import State
from chalicelib.core.records.codec import MAX_MESSAGE_BYTES
from chalicelib.core.values.errors import ConflictError, DefinitionNotFoundError, UnavailableError
from tests.home import ECHO, WAIT, Home


class TestOutage:
    """A start whose message is out, or that is put, is answered: it will start."""

    def test_one_whose_message_is_out_is_answered_though_it_cannot_be_put(self, home: Home) -> None:
        home.create(ECHO)
        home.executions.silent = True
        started, new = home.service.execute("t", "d", "in")
        assert (new, started.state) == (True, State.SUBMITTED)
        home.executions.silent = False
        home.deliver()
        assert (home.only().id, home.only().output) == (started.id, "in")

    def test_one_that_is_put_unheard_is_the_same(self, home: Home) -> None:
        home.create(ECHO)
        home.executions.lost_puts = 1
        started, new = home.service.execute("t", "d", "in")
        assert (new, home.only().id) == (True, started.id)
        home.deliver_all()
        assert (home.only().output, len(home.queue.messages)) == ("in", 0)

    def test_one_whose_id_is_taken_gets_another_though_the_first_put_is_not_answered(self, home: Home) -> None:
        home.create(WAIT)
        first, _ = home.service.execute("t", "d", 1)
        home.tokens = iter(["n", "o", first.id.rpartition(":")[2], "fresh"])
        home.executions.lost_puts = 1
        second, new = home.service.execute("t", "d", 2)
        assert (second.id, new) == ("t:d:fresh", True)

    def test_one_whose_message_is_refused_is_not_started(self, home: Home) -> None:
        home.create(ECHO)
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.service.execute("t", "d", "in")
        assert home.executions.items == {}

    @pytest.mark.parametrize(("value", "name"), [("in", "mine"), ("x" * MAX_MESSAGE_BYTES, None)])
    def test_one_that_is_put_is_answered_though_its_message_is_refused(
        self, home: Home, value: str, name: str | None
    ) -> None:
        home.create(ECHO)
        home.queue.refusals = 2
        started, new = home.service.execute("t", "d", value, name)
        assert (new, home.queue.messages) == (True, {})
        if name is not None:
            assert home.service.execute("t", "d", value, name)[1] is False
        home.clock.sleep(60)
        home.queue.refusals = 0
        assert home.sweep_due() == 1
        home.deliver()
        assert home.read(started.id).output == value

    def test_one_with_a_name_that_cannot_be_put_is_not_answered(self, home: Home) -> None:
        home.create(ECHO)
        home.executions.lost_puts = 1
        with pytest.raises(UnavailableError):
            home.service.execute("t", "d", "in", "mine")
        assert home.service.execute("t", "d", "in", "mine")[1] is False


class TestStarting:
    def test_input_that_no_message_can_carry_starts_all_the_same(self, home: Home) -> None:
        home.create(ECHO)
        home.service.execute("t", "d", "x" * MAX_MESSAGE_BYTES)
        home.deliver()
        assert home.only().output == "x" * MAX_MESSAGE_BYTES

    def test_a_taken_id_makes_another_one(self, home: Home) -> None:
        home.create(WAIT)
        first, _ = home.service.execute("t", "d", 1)
        home.tokens = iter(["n", "o", first.id.rpartition(":")[2], "fresh"])
        second, new = home.service.execute("t", "d", 2)
        assert (second.id, second.input, new) == ("t:d:fresh", 2, True)
        home.deliver()
        current = home.executions.get(first.id)
        assert current is not None
        assert (current.input, current.version) == (1, 1)
        assert len(home.queue.messages) == 2

    def test_a_name_stands_for_one_input(self, home: Home) -> None:
        home.create(WAIT)
        first, new = home.service.execute("t", "d", {"n": 1}, name="mine")
        again, anew = home.service.execute("t", "d", {"n": 1}, name="mine")
        assert (first.id, new, again.id, anew) == ("t:d:mine", True, "t:d:mine", False)
        with pytest.raises(ConflictError, match="other input"):
            home.service.execute("t", "d", {"n": True}, name="mine")
        with pytest.raises(ConflictError, match="other input"):
            home.service.execute("t", "d", {"n": 1.0}, name="mine")

    def test_a_name_outlives_its_definition(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", {"n": 1}, name="mine")
        home.create(WAIT, inputSchema={"required": ["other"]})
        assert home.service.execute("t", "d", {"n": 1}, name="mine")[0].definition_version == 1
        home.definitions.retire_definition("t", "d")
        assert home.service.execute("t", "d", {"n": 1}, name="mine")[1] is False

    def test_nothing_of_a_retired_definition_starts(self, home: Home) -> None:
        home.create(WAIT)
        home.definitions.retire_definition("t", "d")
        for version in (None, 1):
            with pytest.raises(DefinitionNotFoundError):
                home.service.execute("t", "d", {}, version=version)
