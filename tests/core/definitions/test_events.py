import pytest

from chalicelib.core.definitions.events import event_names, is_awaited_in_map
from tests.core.examples import define

NESTED = """
    steps:
      - {id: own, type: event, name: own}
      - {id: keyed, type: event, name: keyed, key: '7'}
      - id: each
        type: map
        items: []
        steps:
          - {id: item, type: event, name: item}
          - {id: keyed-item, type: event, name: keyed-item, key: '7'}
          - id: both
            type: parallel
            branches:
              - id: deep
                steps: [{id: all, type: map, items: [], steps: [{id: deepest, type: event, name: deepest}]}]
      - {id: each-one, type: event, name: beside}
    """


def test_what_can_be_sent_are_the_names_of_all_steps_but_those_with_a_key_in_a_map() -> None:
    assert event_names(define(NESTED)) == {"own", "keyed", "item", "deepest", "beside"}


@pytest.mark.parametrize("name", ["own", "keyed", "item", "keyed-item", "deepest", "beside", "unknown"])
def test_items_wait_for_the_names_of_steps_without_a_key_however_deep_in_a_map(name: str) -> None:
    assert is_awaited_in_map(define(NESTED), name) == (name in {"item", "deepest"})


def test_a_name_that_a_template_makes_can_be_any() -> None:
    made = define(NESTED.replace("name: item", "name: '${item}'"))
    assert event_names(made) is None
    assert is_awaited_in_map(made, "own")
    beside = define(NESTED.replace("name: own", "name: '${input}'"))
    assert event_names(beside) is None
    assert not is_awaited_in_map(beside, "own")
