"""Large values of an execution that is read, where some of them are known."""

from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Aws
from tests.adapters.examples import following, submitted, waiting
from tests.adapters.test_payloads import counted, noise


def test_those_that_are_known_are_not_read_again(moto_aws: Aws, tenant: str) -> None:
    store = moto_aws.backend.executions
    execution = submitted(tenant, value=noise(20_000, "known"))
    store.create(execution)
    image = store.carry(execution).image()
    assert image is not None
    known = store.restore(image)
    with counted(moto_aws.dynamodb) as reads:
        assert store.get(execution.id, known=known) == execution
    assert not reads


def test_a_value_that_is_not_known_is_read(moto_aws: Aws, tenant: str) -> None:
    store = moto_aws.backend.executions
    execution = submitted(tenant, value=noise(20_000, "known"))
    store.create(execution)
    known = store.get(execution.id)
    first = waiting(execution)
    store.update(first)
    second = copy_with(following(first), stash={"made": noise(20_000, "other")})
    store.update(second)
    with counted(moto_aws.dynamodb) as reads:
        found = store.get(execution.id, known=known)
    assert found is not None
    assert found.stash == second.stash
    assert reads.total() == 1
