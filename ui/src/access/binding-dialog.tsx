/** A binding: a role for subjects and groups. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { putBinding } from "~/api/operate";
import type { Binding, Role } from "~/api/types";
import { Dialog } from "~/parts/dialog";
import { Field } from "~/parts/field";
import { texts } from "~/texts";
import { listed } from "./names";

interface Props {
  tenant: string;
  /** Null: a new one. */
  binding: Binding | null;
  roles: readonly Role[];
  onClose: () => void;
}

export function BindingDialog({ tenant, binding, roles, onClose }: Props) {
  const client = useQueryClient();
  const [name, setName] = useState(binding?.name ?? "");
  const [role, setRole] = useState(binding?.role ?? "viewer");
  const [subjects, setSubjects] = useState(binding?.subjects.join(", ") ?? "");
  const [groups, setGroups] = useState(binding?.groups.join(", ") ?? "");
  const asked = useMutation({
    mutationFn: () => putBinding(tenant, name, { role, subjects: listed(subjects), groups: listed(groups) }, binding === null),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["bindings", tenant] });
      onClose();
    },
  });
  return (
    <Dialog title={binding === null ? texts.rights.newBinding : texts.rights.edit(binding.name)} submit={texts.rights.save} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p className="muted">{texts.rights.within}</p>
      <Field label={texts.rights.name} value={name} onChange={setName} required pattern="[a-z0-9-]{1,64}" readOnly={binding !== null} />
      <label className="field">
        <span>{texts.rights.role}</span>
        <select className="input" value={role} onChange={(event) => setRole(event.target.value)}>
          {[...new Set([...roles.map((each) => each.name), role])].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <Field label={texts.rights.subjects} hint={texts.rights.commas} value={subjects} onChange={setSubjects} />
      <Field label={texts.rights.groups} hint={texts.rights.commas} value={groups} onChange={setGroups} />
    </Dialog>
  );
}
