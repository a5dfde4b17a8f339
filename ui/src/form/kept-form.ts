/** rjsf that keeps lists with items of several schemas, or of any: it drops them when it clears away what a condition of the form has ruled out. */
import Form, { type FormState } from "@rjsf/core";
import type { RJSFSchema, SchemaUtilsType } from "@rjsf/utils";
import { isMembers } from "./places";

/** Whether a list of `before` is nowhere in `after`. */
function isLost(before: unknown, after: unknown): boolean {
  if (Array.isArray(before)) return !Array.isArray(after) || before.some((each, index) => index < after.length && isLost(each, after[index]));
  return isMembers(before) && isMembers(after) && Object.entries(before).some(([name, each]) => isLost(each, after[name]));
}

/** Puts the lists back that a schema still has, for the value as it is now. */
export function withLists(utils: SchemaUtilsType, schema: RJSFSchema, before: unknown, after: unknown): unknown {
  if (!isLost(before, after)) return after;
  const { items, properties } = utils.retrieveSchema(schema, after);
  if (Array.isArray(before)) {
    if (Array.isArray(items) || !isMembers(items)) return Array.isArray(after) ? after : before;
    return Array.isArray(after) ? after.map((each, index) => withLists(utils, items, before[index], each)) : after;
  }
  if (!isMembers(before) || !isMembers(after)) return after;
  const members = Object.entries(properties ?? {}).flatMap(([name, each]) => (isMembers(each) && name in before ? [[name, withLists(utils, each, before[name], after[name])] as const] : []));
  return { ...after, ...Object.fromEntries(members) };
}

export class KeptForm extends Form {
  override getStateFromProps(...args: Parameters<Form["getStateFromProps"]>): FormState<unknown, RJSFSchema> {
    const next = super.getStateFromProps(...args);
    return { ...next, formData: withLists(next.schemaUtils, next.schema, args[1], next.formData) };
  }
}
