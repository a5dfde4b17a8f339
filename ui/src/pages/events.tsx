/** Events: published by name and key; what is kept for a key, and which steps wait for it. */
import Button from "@cloudscape-design/components/button";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useMemo, useState } from "react";
import { listEvents, publishEvent } from "~/api/operate";
import type { EventReceipt, Json, KeptEvent, WaitingStep } from "~/api/types";
import { meQuery } from "~/app/gate";
import { eventsRoute } from "~/app/router";
import { Field } from "~/parts/field";
import { type Column, List } from "~/parts/list";
import { ProblemAlert } from "~/parts/problem";
import { StateBadge } from "~/parts/state-badge";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

type Row = KeptEvent | WaitingStep;

export function EventsPage() {
  const { tenant } = eventsRoute.useParams();
  const search = eventsRoute.useSearch();
  const navigate = eventsRoute.useNavigate();
  const [name, setName] = useState(search.name ?? "");
  const [key, setKey] = useState(search.key ?? "");
  const me = useQuery(meQuery(tenant));
  const maySend = me.data?.rights?.includes("events:send") ?? false;
  const list = useQuery({
    queryKey: ["events", tenant, search],
    queryFn: () => listEvents(tenant, search.name ?? "", search.key ?? "", search.cursor),
    enabled: search.name !== undefined && search.key !== undefined,
    refetchOnMount: "always",
  });
  const columns = useMemo(() => columnsOf(tenant), [tenant]);
  const look = (event: FormEvent): void => {
    event.preventDefault();
    void navigate({ search: { name, key } });
  };
  return (
    <>
      <div className="head">
        <h1>{texts.events.title}</h1>
      </div>
      <form className="panel stack-fields" onSubmit={look} aria-label={texts.events.title}>
        <div className="two">
          <Field label={texts.events.name} value={name} onChange={setName} required hint={texts.events.nameHint} />
          <Field label={texts.events.key} value={key} onChange={setKey} required maxLength={1000} hint={texts.events.keyHint} />
        </div>
        <div>
          <Button formAction="submit">{texts.events.look}</Button>
        </div>
        {maySend && <Publish tenant={tenant} name={name} eventKey={key} />}
      </form>
      {search.name !== undefined && (
        <section className="panel">
          <header>
            <h2>{texts.events.of(search.name, search.key ?? "")}</h2>
          </header>
          <List
            label={texts.events.of(search.name, search.key ?? "")}
            list={list}
            columns={columns}
            keyOf={(row) => (row.state === "kept" ? row.id : `${row.executionId} ${row.thread}`)}
            onOpen={(row) => row.state === "waiting" && void navigate({ to: "/t/$tenant/executions/$id", params: { tenant, id: row.executionId } })}
            empty={texts.events.empty}
            cursor={search.cursor}
            onCursor={(cursor) => void navigate({ search: (before) => ({ ...before, cursor }) })}
          />
        </section>
      )}
    </>
  );
}

function parsed(text: string): { value: Json } | { error: string } {
  if (text.trim() === "") return { value: null };
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function Publish({ tenant, name, eventKey }: { tenant: string; name: string; eventKey: string }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [id, setId] = useState("");
  const data = useMemo(() => parsed(text), [text]);
  const content = JSON.stringify([name, eventKey, text, id]);
  const once = useMemo(() => ({ content, key: crypto.randomUUID() }), [content]); // the same content is sent once
  const asked = useMutation({
    mutationFn: () => publishEvent(tenant, name, { key: eventKey, data: "value" in data ? data.value : null, ...(id === "" ? {} : { id }) }, once.key),
    onSuccess: () => client.invalidateQueries({ queryKey: ["events", tenant] }),
  });
  const isReady = name !== "" && eventKey !== "" && "value" in data;
  return (
    <>
      <label className="field">
        <span>{texts.events.data}</span>
        <textarea className="input" rows={5} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} aria-invalid={"error" in data} />
      </label>
      {"error" in data && <p className="state-failed state">{texts.start.broken(data.error)}</p>}
      <Field label={texts.events.id} hint={texts.events.idHint} value={id} onChange={setId} />
      <div className="chips">
        <Button variant="primary" formAction="none" disabled={!isReady} loading={asked.isPending} onClick={() => asked.mutate()}>
          {texts.events.publish}
        </Button>
        <span role="status">{asked.data !== undefined && <Receipt receipt={asked.data} tenant={tenant} />}</span>
      </div>
      {asked.error !== null && <ProblemAlert error={asked.error} />}
    </>
  );
}

function Receipt({ receipt, tenant }: { receipt: EventReceipt; tenant: string }) {
  if (receipt.state === "kept") {
    return (
      <>
        {texts.events.kept(receipt.id)} {receipt.keptUntil !== null && <Time at={receipt.keptUntil} />}
      </>
    );
  }
  return (
    <>
      {texts.events.taken(receipt.id)}{" "}
      {receipt.executionId !== null && (
        <Link to="/t/$tenant/executions/$id" params={{ tenant, id: receipt.executionId }}>
          {receipt.executionId}
        </Link>
      )}
    </>
  );
}

function columnsOf(tenant: string): Column<Row>[] {
  const { columns, states } = texts.events;
  return [
    { name: columns.state, cell: (row) => <StateBadge state={row.state === "kept" ? { tone: "pending", word: states.kept } : { tone: "waiting", word: states.waiting }} /> },
    { name: columns.since, cell: (row) => <Time at={row.since} brief /> },
    {
      name: columns.what,
      cell: (row) =>
        row.state === "kept" ? (
          row.id
        ) : (
          <Link to="/t/$tenant/executions/$id" params={{ tenant, id: row.executionId }} search={{ step: row.step }}>
            {row.executionId} · {row.step}
          </Link>
        ),
    },
    { name: columns.by, cell: (row) => (row.state === "kept" ? row.by : "") },
    { name: columns.until, cell: (row) => (row.state === "kept" ? <Time at={row.until} brief /> : "") },
  ];
}
