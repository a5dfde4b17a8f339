/** Rights: who may what and why, roles, bindings. */
import Button from "@cloudscape-design/components/button";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteBinding, deleteRole, listBindings, listRoles } from "~/api/operate";
import type { Binding, Role } from "~/api/types";
import { meQuery } from "~/app/gate";
import { rightsRoute } from "~/app/router";
import { BindingDialog } from "~/access/binding-dialog";
import { ruleText } from "~/access/explain";
import { RoleDialog } from "~/access/role-dialog";
import { WhoMay } from "~/access/who-may";
import "~/access/access.css";
import { Dialog } from "~/parts/dialog";
import { type Column, List } from "~/parts/list";
import { Tabs } from "~/parts/tabs";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

type Tab = keyof typeof texts.rights.tabs;
const TABS = (Object.keys(texts.rights.tabs) as Tab[]).map((id) => ({ id, name: texts.rights.tabs[id] }));

/** What a dialog is open for. */
type Asked = { kind: "role"; role: Role | null } | { kind: "binding"; binding: Binding | null } | { kind: "delete"; what: "role" | "binding"; name: string } | null;

export function RightsPage() {
  const { tenant } = rightsRoute.useParams();
  const { tab } = rightsRoute.useSearch();
  const navigate = rightsRoute.useNavigate();
  const [asked, ask] = useState<Asked>(null);
  const me = useQuery(meQuery(tenant));
  const roles = useQuery({ queryKey: ["roles", tenant], queryFn: () => listRoles(tenant) });
  const bindings = useQuery({ queryKey: ["bindings", tenant], queryFn: () => listBindings(tenant) });
  const mayWrite = me.data?.rights?.includes("access:write") ?? false;
  const current: Tab = TABS.find((each) => each.id === tab)?.id ?? "who";
  const close = (): void => ask(null);
  return (
    <>
      <div className="head">
        <h1>{texts.rights.title}</h1>
        {mayWrite && current === "roles" && (
          <Button variant="primary" onClick={() => ask({ kind: "role", role: null })}>
            {texts.rights.newRole}
          </Button>
        )}
        {mayWrite && current === "bindings" && (
          <Button variant="primary" onClick={() => ask({ kind: "binding", binding: null })}>
            {texts.rights.newBinding}
          </Button>
        )}
      </div>
      <Tabs label={texts.rights.title} tabs={TABS} current={current} onChange={(next) => void navigate({ search: (before) => ({ ...before, tab: next }), replace: true })}>
        {current === "who" && <WhoMay here={{ roles: roles.data?.items ?? [], bindings: bindings.data?.items ?? [] }} />}
        {current === "roles" && <List label={texts.rights.tabs.roles} list={roles} columns={rolesColumns(mayWrite, ask)} keyOf={(row) => row.name} empty={texts.search.empty} />}
        {current === "bindings" && <List label={texts.rights.tabs.bindings} list={bindings} columns={bindingColumns(mayWrite, ask)} keyOf={(row) => row.name} empty={texts.rights.noBindings} emptyHint={texts.rights.noBindingsHint} />}
      </Tabs>
      {asked?.kind === "role" && <RoleDialog tenant={tenant} role={asked.role} onClose={close} />}
      {asked?.kind === "binding" && <BindingDialog tenant={tenant} binding={asked.binding} roles={roles.data?.items ?? []} onClose={close} />}
      {asked?.kind === "delete" && <DeleteDialog tenant={tenant} what={asked.what} name={asked.name} onClose={close} />}
    </>
  );
}

function DeleteDialog({ tenant, what, name, onClose }: { tenant: string; what: "role" | "binding"; name: string; onClose: () => void }) {
  const client = useQueryClient();
  const asked = useMutation({
    mutationFn: () => (what === "role" ? deleteRole(tenant, name) : deleteBinding(tenant, name)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: [what === "role" ? "roles" : "bindings", tenant] });
      onClose();
    },
  });
  return (
    <Dialog title={texts.rights.remove(name)} submit={texts.form.remove} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p>{what === "role" ? texts.rights.removeRole : texts.rights.removeBinding}</p>
    </Dialog>
  );
}

function Tools({ name, onEdit, onDelete }: { name: string; onEdit: () => void; onDelete: () => void }) {
  return (
    <span className="chips">
      <button type="button" className="link" aria-label={texts.rights.edit(name)} onClick={onEdit}>
        {texts.rights.change}
      </button>
      <button type="button" className="link" aria-label={texts.rights.remove(name)} onClick={onDelete}>
        {texts.form.remove}
      </button>
    </span>
  );
}

const written = <R extends Role | Binding>(): Column<R>[] => [
  { name: texts.rights.changed, cell: (row) => (row.changedAt === null ? texts.rights.builtIn : <Time at={row.changedAt} brief />) },
  { name: texts.rights.by, cell: (row) => row.changedBy },
];

function rolesColumns(mayWrite: boolean, ask: (asked: Asked) => void): Column<Role>[] {
  return [
    { name: texts.rights.role, cell: (row) => row.name },
    { name: texts.rights.roleTitle, cell: (row) => row.title, title: (row) => row.title },
    { name: texts.rights.rules, cell: (row) => <span className="wrap">{row.rules.map(ruleText).join(" / ")}</span> },
    ...written<Role>(),
    {
      name: texts.rights.tools,
      isUnnamed: true,
      cell: (row) =>
        mayWrite && !row.builtIn && <Tools name={row.name} onEdit={() => ask({ kind: "role", role: row })} onDelete={() => ask({ kind: "delete", what: "role", name: row.name })} />,
    },
  ];
}

function bindingColumns(mayWrite: boolean, ask: (asked: Asked) => void): Column<Binding>[] {
  return [
    { name: texts.rights.binding, cell: (row) => row.name },
    { name: texts.rights.role, cell: (row) => row.role },
    { name: texts.rights.subjects, cell: (row) => <span className="wrap">{row.subjects.join(", ")}</span> },
    { name: texts.rights.groups, cell: (row) => <span className="wrap">{row.groups.join(", ")}</span> },
    ...written<Binding>(),
    {
      name: texts.rights.tools,
      isUnnamed: true,
      cell: (row) => mayWrite && <Tools name={row.name} onEdit={() => ask({ kind: "binding", binding: row })} onDelete={() => ask({ kind: "delete", what: "binding", name: row.name })} />,
    },
  ];
}
