/** API keys: made, shown once, revoked. */
import Button from "@cloudscape-design/components/button";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { createKey, listKeys, listRoles, revokeKey } from "~/api/operate";
import type { ApiKey, NewApiKey } from "~/api/types";
import { meQuery } from "~/app/gate";
import { keysRoute } from "~/app/router";
import "~/access/access.css";
import { Dialog } from "~/parts/dialog";
import { Field } from "~/parts/field";
import { type Column, List } from "~/parts/list";
import { StateBadge } from "~/parts/state-badge";
import { Time, useNow } from "~/parts/time";
import { texts } from "~/texts";

export function KeysPage() {
  const { tenant } = keysRoute.useParams();
  const [asked, ask] = useState<"new" | ApiKey | null>(null);
  const [made, show] = useState<NewApiKey | null>(null);
  const me = useQuery(meQuery(tenant));
  const list = useQuery({ queryKey: ["keys", tenant], queryFn: () => listKeys(tenant), refetchOnMount: "always" });
  const mayWrite = me.data?.rights?.includes("keys:write") ?? false;
  const now = useNow(60_000);
  const columns = useMemo(() => columnsOf(mayWrite, now, ask), [mayWrite, now]);
  return (
    <>
      <div className="head">
        <h1>{texts.keys.title}</h1>
        {mayWrite && (
          <Button variant="primary" onClick={() => ask("new")}>
            {texts.keys.make}
          </Button>
        )}
      </div>
      {made !== null && <Made made={made} onClose={() => show(null)} />}
      <List label={texts.keys.title} list={list} columns={columns} keyOf={(row) => row.id} empty={texts.keys.empty} emptyHint={texts.keys.emptyHint} />
      {asked === "new" && <NewDialog tenant={tenant} onMade={show} onClose={() => ask(null)} />}
      {asked !== null && asked !== "new" && <RevokeDialog tenant={tenant} asked={asked} onClose={() => ask(null)} />}
    </>
  );
}

/** The text of the key: here alone, until this page is left. */
function Made({ made, onClose }: { made: NewApiKey; onClose: () => void }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <div className="notice" role="status">
      <strong>{texts.keys.once(made.title)}</strong>
      <p>
        <code className="secret">{made.key ?? texts.keys.lost}</code>
      </p>
      <span className="chips">
        {made.key !== null && (
          <button type="button" className="chip" onClick={() => void navigator.clipboard.writeText(made.key ?? "").then(() => setCopied(true))}>
            {isCopied ? texts.app.copied : texts.app.copy}
          </button>
        )}
        <button type="button" className="chip" onClick={onClose}>
          {texts.keys.hide}
        </button>
      </span>
    </div>
  );
}

function NewDialog({ tenant, onMade, onClose }: { tenant: string; onMade: (made: NewApiKey) => void; onClose: () => void }) {
  const client = useQueryClient();
  const [title, setTitle] = useState("");
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [until, setUntil] = useState("");
  const me = useQuery(meQuery(tenant));
  const mayRead = me.data?.rights?.includes("access:read") ?? false;
  const roles = useQuery({ queryKey: ["roles", tenant], queryFn: () => listRoles(tenant), enabled: mayRead });
  const names = roles.data?.items.map((role) => role.name) ?? me.data?.roles ?? [];
  const asked = useMutation({
    mutationFn: () => createKey(tenant, { title, roles: [...chosen], expiresAt: until === "" ? null : new Date(until).toISOString() }),
    onSuccess: async (made) => {
      onMade(made);
      await client.invalidateQueries({ queryKey: ["keys", tenant] });
      onClose();
    },
  });
  const toggle = (name: string): void => choose(chosen.has(name) ? new Set([...chosen].filter((each) => each !== name)) : new Set([...chosen, name]));
  return (
    <Dialog title={texts.keys.make} submit={texts.keys.submit} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <Field label={texts.keys.columns.title} value={title} onChange={setTitle} required maxLength={200} autoFocus />
      <fieldset className="rule">
        <legend>{texts.keys.columns.roles}</legend>
        {names.map((name) => (
          <label key={name} className="check">
            <input type="checkbox" checked={chosen.has(name)} onChange={() => toggle(name)} /> {name}
          </label>
        ))}
      </fieldset>
      <Field label={texts.keys.columns.until} hint={texts.keys.untilHint} type="datetime-local" value={until} onChange={setUntil} />
    </Dialog>
  );
}

function RevokeDialog({ tenant, asked: key, onClose }: { tenant: string; asked: ApiKey; onClose: () => void }) {
  const client = useQueryClient();
  const asked = useMutation({
    mutationFn: () => revokeKey(tenant, key.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["keys", tenant] });
      onClose();
    },
  });
  return (
    <Dialog title={texts.keys.revokeOf(key.title)} submit={texts.keys.revoke} isBusy={asked.isPending} error={asked.error} onSubmit={() => asked.mutate()} onClose={onClose}>
      <p>{texts.keys.confirm}</p>
    </Dialog>
  );
}

function columnsOf(mayWrite: boolean, now: number, ask: (key: ApiKey) => void): Column<ApiKey>[] {
  const { columns, states } = texts.keys;
  const hasEnded = (row: ApiKey): boolean => row.expiresAt !== null && new Date(row.expiresAt).getTime() <= now;
  return [
    { name: columns.title, cell: (row) => row.title, title: (row) => row.title },
    { name: columns.id, cell: (row) => <code>{row.id}</code> },
    {
      name: columns.state,
      cell: (row) => <StateBadge state={row.revokedAt !== null ? { tone: "cancelled", word: states.revoked } : hasEnded(row) ? { tone: "timedOut", word: states.expired } : { tone: "succeeded", word: states.valid }} />,
    },
    { name: columns.roles, cell: (row) => row.roles.join(", "), title: (row) => row.roles.join(", ") },
    { name: columns.until, cell: (row) => (row.expiresAt === null ? texts.keys.never : <Time at={row.expiresAt} brief />) },
    { name: columns.made, cell: (row) => <Time at={row.createdAt} brief /> },
    { name: columns.by, cell: (row) => row.createdBy, title: (row) => row.createdBy },
    {
      name: texts.keys.revoke,
      isUnnamed: true,
      cell: (row) =>
        mayWrite &&
        row.revokedAt === null && (
          <button type="button" className="link" aria-label={texts.keys.revokeOf(row.title)} onClick={() => ask(row)}>
            {texts.keys.revoke}
          </button>
        ),
    },
  ];
}
