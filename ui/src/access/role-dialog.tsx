/** A role: its rules, one in a line of choices. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { putRole } from "~/api/operate";
import type { AccessRule, Role } from "~/api/types";
import { Dialog } from "~/parts/dialog";
import { Field } from "~/parts/field";
import { Labelled } from "~/parts/filter";
import { texts } from "~/texts";
import { VERBS } from "./explain";
import { listed } from "./names";

interface Props {
  tenant: string;
  /** Null: a new one. */
  role: Role | null;
  onClose: () => void;
}

interface Draft {
  kind: string;
  verbs: readonly string[];
  names: string;
}

const draftsOf = (rules: readonly AccessRule[]): Draft[] =>
  rules.flatMap((rule) => rule.kinds.map((kind) => ({ kind, verbs: rule.verbs, names: (rule.names ?? ["*"]).join(", ") })));

const rulesOf = (drafts: readonly Draft[]): AccessRule[] =>
  drafts.map(({ kind, verbs, names }) => ({ kinds: [kind], verbs: [...verbs], names: listed(names) }) as AccessRule);

export function RoleDialog({ tenant, role, onClose }: Props) {
  const client = useQueryClient();
  const [name, setName] = useState(role?.name ?? "");
  const [title, setTitle] = useState(role?.title ?? "");
  const [drafts, setDrafts] = useState<Draft[]>(role === null ? [{ kind: "executions", verbs: ["read"], names: "*" }] : draftsOf(role.rules));
  const asked = useMutation({
    mutationFn: () => putRole(tenant, name, { title, rules: rulesOf(drafts) }, role === null),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["roles", tenant] });
      onClose();
    },
  });
  const change = (at: number, by: Partial<Draft>): void => setDrafts(drafts.map((each, index) => (index === at ? { ...each, ...by } : each)));
  return (
    <Dialog title={role === null ? texts.rights.newRole : texts.rights.edit(role.name)} submit={texts.rights.save} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p className="muted">{texts.rights.within}</p>
      <Field label={texts.rights.name} value={name} onChange={setName} required pattern="[a-z0-9-]{1,64}" readOnly={role !== null} />
      <Field label={texts.rights.roleTitle} value={title} onChange={setTitle} maxLength={200} />
      {drafts.map((draft, at) => (
        <fieldset key={at} className="rule">
          <legend>{texts.rights.rule(at + 1)}</legend>
          <Labelled label={texts.rights.kind}>
            {(id) => (
              <select id={id} className="input" value={draft.kind} onChange={(event) => change(at, { kind: event.target.value, verbs: [] })}>
                {["*", ...Object.keys(VERBS)].map((kind) => (
                  <option key={kind}>{kind}</option>
                ))}
              </select>
            )}
          </Labelled>
          {["*", ...(VERBS[draft.kind] ?? [])].map((verb) => (
            <label key={verb} className="check">
              <input type="checkbox" checked={draft.verbs.includes(verb)} onChange={() => change(at, { verbs: draft.verbs.includes(verb) ? draft.verbs.filter((each) => each !== verb) : [...draft.verbs, verb] })} /> {verb}
            </label>
          ))}
          <Labelled label={texts.rights.names}>{(id) => <input id={id} className="input" title={texts.rights.names} value={draft.names} onChange={(event) => change(at, { names: event.target.value })} />}</Labelled>
          <button type="button" className="chip" onClick={() => setDrafts(drafts.filter((_, index) => index !== at))}>
            {texts.form.remove}
          </button>
        </fieldset>
      ))}
      <button type="button" className="chip" onClick={() => setDrafts([...drafts, { kind: "executions", verbs: ["read"], names: "*" }])}>
        {texts.rights.addRule}
      </button>
    </Dialog>
  );
}
