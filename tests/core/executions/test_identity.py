import pytest

from chalicelib.core.executions.identity import CallKey, ExecutionId, TurnKey, base_thread
from tests.core.examples import Run


def test_an_execution_is_named_by_its_tenant_its_definition_and_a_suffix() -> None:
    name = ExecutionId("acme", "order", "00c0ffee")
    assert str(name) == "acme:order:00c0ffee"
    assert ExecutionId.parse("acme:order:00c0ffee") == name


@pytest.mark.parametrize("text", ["", "acme", "acme:order", "acme:order:1:2"])
def test_what_is_no_id_of_an_execution_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        ExecutionId.parse(text)


def test_a_turn_is_known_by_its_thread_and_its_number() -> None:
    key = Run("steps: [{id: a, type: call}]").thread().key
    assert key == TurnKey("main", 0) == ("main", 0)
    assert {key: 1}["main", 0] == 1


def test_a_tombstone_is_named_after_the_turn_and_leads_back_to_the_thread() -> None:
    tombstone = TurnKey("main.3.left", 7).tombstone
    assert tombstone == "main.3.left@7"
    assert (base_thread(tombstone), base_thread("main.3.left")) == ("main.3.left", "main.3.left")


def test_a_call_is_named_by_the_execution_and_the_visit() -> None:
    key = CallKey("acme:order:1", "main.3.left", 7)
    assert (str(key), key.tenant) == ("acme:order:1:main.3.left:7", "acme")


def test_unless_the_step_names_it() -> None:
    key = CallKey("acme:order:1", "main", 7, "invoice-3")
    assert (str(key), key.visit_key, key.tenant) == ("invoice-3", "acme:order:1:main:7", "acme")
