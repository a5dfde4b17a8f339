"""Roles, bindings and rules: what they give, and that nothing takes a right away."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.access.entries import AccessEntry, EntryKind, policy_of, read_role, role_document
from chalicelib.core.access.principal import Binding, Means, Policy, Principal, grant_of
from chalicelib.core.access.rights import BUILT_IN, RIGHTS, VERBS, AccessRule, Grant, Role, matching
from tests.home import START

NAMES = st.sampled_from(["order", "order-1", "orders", "invoice"])
PATTERNS = st.sampled_from(["*", "order", "order-*", "o?der", "invoice"])
RULES = st.builds(
    AccessRule,
    st.frozensets(st.sampled_from(["*", *VERBS]), min_size=1),
    st.frozensets(st.sampled_from(["*", "read", "write", "start", "operate"]), min_size=1),
    st.frozensets(PATTERNS, min_size=1),
)
WRITER = Role("writer", (AccessRule(frozenset({"definitions"}), frozenset({"*"}), frozenset({"order-*"})),))


def table() -> dict[str, dict[str, bool]]:
    return {name: {right: Grant(role.rules).allows(right) for right in RIGHTS} for name, role in BUILT_IN.items()}


def test_what_built_in_roles_may() -> None:
    given_to = {right: {name for name, rights in table().items() if rights[right]} for right in RIGHTS}
    seen = {"viewer", "operator", "author", "admin"}
    assert given_to == {
        "definitions:read": seen,
        "definitions:write": {"author", "admin"},
        "definitions:test": {"author", "admin"},
        "executions:read": seen,
        "executions:start": {"operator", "author", "admin"},
        "executions:operate": {"operator", "admin"},
        "events:read": seen,
        "events:send": {"operator", "admin"},
        "tasks:read": {*seen, "approver"},
        "tasks:work": {"approver", "admin"},
        "schedules:read": seen,
        "schedules:write": {"author", "admin"},
        "schedules:operate": {"operator", "author", "admin"},
        "access:read": {"admin"},
        "access:write": {"admin"},
        "keys:read": {"admin"},
        "keys:write": {"admin"},
        "tenants:read": {"admin"},
        "tenants:write": set(),
        "audit:read": {"admin"},
    }
    assert Grant(everywhere=BUILT_IN["admin"].rules).allows("tenants:write")


def test_what_no_rule_gives_is_refused() -> None:
    assert not any(Grant().allows(right) for right in RIGHTS)
    assert Grant().names("definitions:read") == frozenset()


def test_names_are_patterns() -> None:
    grant = Grant(WRITER.rules)
    assert grant.allows("definitions:write", "order-1")
    assert not grant.allows("definitions:write", "order")
    assert grant.allows("definitions:write")
    assert grant.names("definitions:write") == {"order-*"}
    assert matching("anything", None)


@given(st.lists(RULES, max_size=4), RULES, st.sampled_from(RIGHTS), NAMES | st.none())
def test_a_rule_more_never_takes_a_right_away(rules: list[AccessRule], more: AccessRule, right: str, name: str) -> None:
    for before, after in (
        (Grant(tuple(rules)), Grant((*rules, more))),
        (Grant((), tuple(rules)), Grant((more,), tuple(rules))),
    ):
        assert after.allows(right, name) >= before.allows(right, name)


@given(st.lists(RULES, max_size=3), st.lists(RULES, max_size=2), st.sampled_from(RIGHTS), NAMES)
def test_what_is_covered_gives_nothing_more(
    mine: list[AccessRule], theirs: list[AccessRule], right: str, name: str
) -> None:
    grant = Grant(tuple(mine))
    if grant.covers(theirs, "acme") and right != "tenants:write":
        assert grant.allows(right, name) >= Grant(tuple(theirs)).allows(right, name)


def test_who_has_it_covers_it_and_who_has_less_does_not() -> None:
    author, admin = (Grant(here=BUILT_IN[name].rules) for name in ("author", "admin"))
    assert author.covers(BUILT_IN["viewer"].rules, "acme")
    assert not author.covers(BUILT_IN["operator"].rules, "acme")
    assert admin.covers(BUILT_IN["admin"].rules, "acme"), "in a tenant, nobody has tenants:write of it"
    assert not admin.covers(BUILT_IN["admin"].rules, "*"), "in the installation that would give tenants:write"
    assert Grant(everywhere=BUILT_IN["admin"].rules).covers(BUILT_IN["admin"].rules, "*")
    exact = AccessRule(frozenset({"definitions"}), frozenset({"write"}), frozenset({"order-7"}))
    wider = AccessRule(frozenset({"definitions"}), frozenset({"write"}), frozenset({"order*"}))
    assert [Grant(WRITER.rules).covers([rule], "acme") for rule in (exact, wider)] == [True, False]


class TestPolicy:
    ADA = Principal("ada", Means.JWT, frozenset({"acme"}), frozenset({"sales"}))
    OPERATOR = Principal("root", Means.JWT, frozenset({"*"}))
    POLICY = Policy(
        {"writer": WRITER},
        (
            Binding("one", "viewer", subjects=frozenset({"ada"})),
            Binding("two", "writer", groups=frozenset({"sales"})),
            Binding("three", "gone", groups=frozenset({"sales"})),
        ),
    )

    def test_roles_come_from_bindings_of_subjects_and_groups(self) -> None:
        assert self.POLICY.roles_of(self.ADA) == ["gone", "viewer", "writer"]
        assert self.POLICY.roles_of(self.OPERATOR) == []
        grant = grant_of(self.ADA, self.POLICY, Policy())
        assert grant.allows("definitions:write", "order-1")
        assert not grant.allows("definitions:write", "invoice")
        assert grant.allows("executions:read", "invoice")

    def test_what_is_bound_in_the_installation_counts_for_its_operators_alone(self) -> None:
        everywhere = Policy(bindings=(Binding("ops", "operator", frozenset({"ada", "root"})),))
        assert grant_of(self.OPERATOR, Policy(), everywhere).allows("executions:operate", "order")
        assert not grant_of(self.ADA, Policy(), everywhere).allows("executions:operate", "order")

    def test_a_key_has_roles_of_its_own_where_it_belongs(self) -> None:
        mine = Principal("key:1", Means.KEY, frozenset({"acme"}), roles=("writer",), key_id="1")
        assert grant_of(mine, self.POLICY, Policy()).allows("definitions:write", "order-1")
        everybodys = Principal("key:2", Means.KEY, frozenset({"*"}), roles=("writer", "viewer"), key_id="2")
        grant = grant_of(everybodys, self.POLICY, Policy())
        assert grant.allows("executions:read", "order")
        assert not grant.allows("definitions:write", "order-1"), "the role of this name is the tenant's"

    def test_where_nobody_is_asked_everything_is_given(self) -> None:
        grant = grant_of(Principal("anonymous", Means.NONE, frozenset({"*"})), Policy(), Policy())
        assert all(grant.allows(right) for right in RIGHTS)

    def test_who_may_enter(self) -> None:
        assert [self.ADA.may_enter(name) for name in ("acme", "beta", "*")] == [True, False, False]
        assert all(self.OPERATOR.may_enter(name) for name in ("acme", "*"))
        assert Principal("arn", Means.IAM, None).may_enter("acme")
        assert self.OPERATOR.may_enter("-")
        assert not Principal("eve", Means.JWT, frozenset({"-"})).may_enter("-")

    def test_entries_are_read_as_they_were_written(self) -> None:
        assert read_role("writer", role_document(WRITER)) == WRITER
        entries = [
            AccessEntry("acme", EntryKind.ROLE, "writer", role_document(WRITER), START),
            AccessEntry("acme", EntryKind.BINDING, "one", {"role": "viewer", "subjects": ["ada"]}, START),
            AccessEntry("acme", EntryKind.TENANT, "", {}, START),
        ]
        found = policy_of(entries)
        assert (found.roles, found.bindings) == ({"writer": WRITER}, self.POLICY.bindings[:1])
        assert read_role("r", {"rules": [{"kinds": ["*"], "verbs": ["read"]}]}).rules[0].names == {"*"}
