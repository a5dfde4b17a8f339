import pytest

from chalicelib.core.records.codec import MAX_MESSAGE_BYTES
from chalicelib.core.values.errors import ConflictError, DefinitionNotFoundError
from tests.home import ECHO, WAIT, Home


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
