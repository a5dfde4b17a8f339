/** Who may what, and why: the rules of `core/access/rights.py`, over the roles and bindings that the API lists. */
import type { AccessRule, Binding, Role } from "~/api/types";

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

export interface Reason {
  binding: Binding;
  role: Role;
  /** To what it is given; `*` is all. */
  names: readonly string[];
}

interface Question {
  subject: string;
  groups: readonly string[];
  right: string;
  /** Of the thing. Without it: of anything. */
  name?: string | undefined;
}

/** Every binding, role and rule that gives a right to somebody. None: the right is not given in this tenant. */
export function reasons(question: Question, roles: readonly Role[], bindings: readonly Binding[]): Reason[] {
  if (OF_OPERATORS.has(question.right)) return [];
  const byName = new Map(roles.map((role) => [role.name, role]));
  return bindings
    .filter((binding) => binding.subjects.includes(question.subject) || binding.groups.some((group) => question.groups.includes(group)))
    .flatMap((binding) => {
      const role = byName.get(binding.role);
      if (role === undefined) return [];
      const rules = role.rules.filter((rule) => gives(rule, question.right) && (question.name === undefined || namesOf(rule).some((name) => matches(question.name ?? "", name))));
      return rules.map((rule) => ({ binding, role, names: namesOf(rule) }));
    });
}

export const namesOf = (rule: AccessRule): readonly string[] => rule.names ?? ["*"];

/** Writes a rule as people say it: `executions: read, start · order-*`. */
export const ruleText = (rule: AccessRule): string => `${rule.kinds.join(", ")}: ${rule.verbs.join(", ")}${namesOf(rule).includes("*") ? "" : ` · ${namesOf(rule).join(", ")}`}`;
