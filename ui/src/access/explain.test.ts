import { expect, it } from "vitest";
import type { Binding, Role } from "~/api/types";
import { asked, gives, matches, reasons, ruleText } from "./explain";

const written = { changedAt: null, changedBy: null };
const role = (name: string, ...rules: Role["rules"]): Role => ({ name, builtIn: false, title: "", rules, ...written });
const binding = (name: string, of: string, subjects: string[], groups: string[] = []): Binding => ({ name, role: of, subjects, groups, ...written });
const ROLES = [role("starter", { kinds: ["executions"], verbs: ["start"], names: ["order-*"] }), role("admin", { kinds: ["*"], verbs: ["*"], names: ["*"] })];
const HERE = { roles: ROLES, bindings: [binding("b1", "starter", ["ann"]), binding("b2", "admin", [], ["ops"]), binding("b3", "gone", ["ann"])] };
const INSTALLATION = { roles: ROLES, bindings: [binding("all", "admin", ["ann"])] };
const ask = (subject: string, groups: string[], right: string, name?: string, installation: typeof HERE | null = null) =>
  reasons({ subject, groups, right, name }, HERE, installation).map((each) => `${each.binding.name} ${each.role.name}`);

it("names the binding, the role and the rule that give a right", () => {
  expect(ask("ann", [], "executions:start", "order-7")).toEqual(["b1 starter"]);
  expect(ask("ann", [], "executions:start", "refund")).toEqual([]);
  expect(ask("ann", [], "executions:start")).toEqual(["b1 starter"]);
  expect(ask("ann", ["ops"], "executions:start", "order-7")).toEqual(["b1 starter", "b2 admin"]);
  expect(ask("bob", ["ops"], "audit:read")).toEqual(["b2 admin"]);
  expect(ask("eve", [], "audit:read")).toEqual([]);
});

it("gives what belongs to the operators of the installation to nobody in a tenant", () => {
  expect(ask("bob", ["ops"], "tenants:write")).toEqual([]);
  expect(ask("ann", [], "tenants:write", undefined, INSTALLATION)).toEqual(["all admin"]);
});

it("adds what is bound in the installation", () => {
  expect(ask("ann", [], "executions:start", "order-7", INSTALLATION)).toEqual(["b1 starter", "all admin"]);
  expect(ask("bob", [], "executions:start", "order-7", INSTALLATION)).toEqual([]);
});

it("tells what a condition asks of somebody beside the right", () => {
  const ann = { subject: "ann", groups: [] };
  expect(asked({ roles: ["starter", "admin"] }, ann, HERE, null)).toEqual({ lacks: [], when: undefined });
  expect(asked({ roles: ["admin"], when: "input.total < `9`" }, ann, HERE, null)).toEqual({ lacks: ["admin"], when: "input.total < `9`" });
  expect(asked({ roles: ["admin"] }, ann, HERE, INSTALLATION).lacks).toEqual([]);
  expect(asked({ roles: ["gone"] }, ann, HERE, null).lacks).toEqual(["gone"]);
  expect(asked(undefined, ann, HERE, null)).toEqual({ lacks: [], when: undefined });
});

it("matches whole names, with * and ? alone as signs", () => {
  expect(matches("order-7", "order-?")).toBe(true);
  expect(matches("order-77", "order-?")).toBe(false);
  expect(matches("a.b", "a.b")).toBe(true);
  expect(matches("axb", "a.b")).toBe(false);
});

it("holds a rule to its kinds and verbs", () => {
  const rule = { kinds: ["tasks" as const], verbs: ["read" as const, "work" as const], names: ["*"] };
  expect(gives(rule, "tasks:work")).toBe(true);
  expect(gives(rule, "executions:read")).toBe(false);
  expect(ruleText(rule)).toBe("tasks: read, work");
  expect(ruleText({ ...rule, names: ["a", "b"] })).toBe("tasks: read, work · a, b");
});
