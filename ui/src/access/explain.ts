/** Who may what, and why: the rules of `core/access/rights.py`, over the roles and bindings that the API lists. */
import type { AccessCondition, AccessRule, Binding, Role, StoredDefinition } from "~/api/types";

export const VERBS: Readonly<Record<string, readonly string[]>> = {
  definitions: ["read", "write", "test"],
  executions: ["read", "start", "operate"],
  events: ["read", "send"],
  tasks: ["read", "work"],
  access: ["read", "write"],
  keys: ["read", "write"],
  tenants: ["read", "write"],
  audit: ["read"],
};
export const RIGHTS = Object.entries(VERBS).flatMap(([kind, verbs]) => verbs.map((verb) => `${kind}:${verb}`));

/** Rights that only a role in the installation gives. */
const OF_OPERATORS: ReadonlySet<string> = new Set(["tenants:write"]);

/** Whether a rule gives a right to anything. */
export function gives(rule: AccessRule, right: string): boolean {
  const [kind = "", verb = ""] = right.split(":");
  const has = (list: readonly string[], one: string): boolean => list.includes(one) || list.includes("*");
  return has(rule.kinds, kind) && has(rule.verbs, verb);
}

/** Whether a name matches a pattern, in which `*` is any text and `?` any one character. */
export function matches(name: string, pattern: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${escaped}$`, "s").test(name);
}

/** The roles and bindings of a tenant, or of the installation. */
export interface Policy {
  roles: readonly Role[];
  bindings: readonly Binding[];
}

export interface Reason {
  binding: Binding;
  role: Role;
  /** To what it is given; `*` is all. */
  names: readonly string[];
  isOfInstallation: boolean;
}

interface Person {
  subject: string;
  groups: readonly string[];
}

interface Question extends Person {
  right: string;
  /** Of the thing. Without it: of anything. */
  name?: string | undefined;
}

/** The bindings of somebody, with the roles that are there. */
function bound({ subject, groups }: Person, { roles, bindings }: Policy): { binding: Binding; role: Role }[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  return bindings
    .filter((binding) => binding.subjects.includes(subject) || binding.groups.some((group) => groups.includes(group)))
    .flatMap((binding) => {
      const role = byName.get(binding.role);
      return role === undefined ? [] : [{ binding, role }];
    });
}

/** Every binding, role and rule that gives a right to somebody, here and in the installation. None: the right is not given. */
export function reasons(question: Question, here: Policy, installation: Policy | null): Reason[] {
  const givenBy = (policy: Policy, isOfInstallation: boolean): Reason[] =>
    bound(question, policy).flatMap(({ binding, role }) =>
      role.rules
        .filter((rule) => gives(rule, question.right) && (question.name === undefined || namesOf(rule).some((name) => matches(question.name ?? "", name))))
        .map((rule) => ({ binding, role, names: namesOf(rule), isOfInstallation })),
    );
  return [...(OF_OPERATORS.has(question.right) ? [] : givenBy(here, false)), ...(installation === null ? [] : givenBy(installation, true))];
}

/** The condition of a definition to which who has a right is held. */
export const CONDITION_OF: Readonly<Record<string, keyof Access>> = {
  "executions:start": "execute",
  "executions:read": "read",
  "executions:operate": "cancel",
  "tasks:work": "complete",
};
export type Access = NonNullable<StoredDefinition["access"]>;

/** What a condition asks of somebody: the roles of which they have none, and an expression that only the server evaluates. */
export function asked(condition: AccessCondition | undefined, person: Person, here: Policy, installation: Policy | null): { lacks: readonly string[]; when: string | undefined } {
  const has = new Set([...bound(person, here), ...(installation === null ? [] : bound(person, installation))].map(({ role }) => role.name));
  const roles = condition?.roles ?? [];
  return { lacks: roles.some((role) => has.has(role)) ? [] : roles, when: condition?.when };
}

export const namesOf = (rule: AccessRule): readonly string[] => rule.names ?? ["*"];

/** Writes a rule as people say it: `executions: read, start · order-*`. */
export const ruleText = (rule: AccessRule): string => `${rule.kinds.join(", ")}: ${rule.verbs.join(", ")}${namesOf(rule).includes("*") ? "" : ` · ${namesOf(rule).join(", ")}`}`;
