/** One schedule: how it stands, and the form in which it is written. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useMemo, useState } from "react";
import { ProblemError } from "~/api/client";
import { listDefinitions, readDefinition } from "~/api/endpoints";
import { putSchedule, readSchedule, type ScheduleAction, type TaggedSchedule } from "~/api/schedules";
import type { Json, Schedule } from "~/api/types";
import { meQuery } from "~/app/gate";
import { newScheduleRoute, scheduleRoute } from "~/app/router";
import { isFormSchema, JsonForm } from "~/form/form";
import { JsonInput } from "~/form/json-input";
import { errorsAt } from "~/form/validator";
import { Act } from "~/parts/act";
import { useDraft } from "~/parts/draft";
import { Field } from "~/parts/field";
import { Boundary, Failed, Loading, ProblemAlert } from "~/parts/problem";
import { Time } from "~/parts/time";
import { ActDialog, nameOf } from "~/schedules/act-dialog";
import { Coming } from "~/schedules/coming";
import { contentOf, draftOf, emptyDraft, ownZone, type ScheduleDraft, zones } from "~/schedules/content";
import { texts } from "~/texts";

const { schedules: words } = texts;
const ACTIONS: ScheduleAction[] = ["start", "pause", "resume", "delete"];

export function NewSchedulePage() {
  const { tenant } = newScheduleRoute.useParams();
  const { definition } = newScheduleRoute.useSearch();
  return (
    <>
      <div className="head">
        <h1>{words.make}</h1>
      </div>
      <ScheduleForm tenant={tenant} stored={null} first={emptyDraft(ownZone(), definition)} />
    </>
  );
}

export function SchedulePage() {
  const { tenant, name } = scheduleRoute.useParams();
  const navigate = scheduleRoute.useNavigate();
  const [asked, ask] = useState<ScheduleAction | null>(null);
  const found = useQuery({ queryKey: ["schedules", tenant, "one", name], queryFn: () => readSchedule(tenant, name) });
  if (found.isError) return <Failed title={name} error={found.error} onRetry={() => void found.refetch()} />;
  if (found.isPending) return <Loading title={words.of(name)} />;
  const { schedule } = found.data;
  const leave = (): void => void navigate({ to: "/t/$tenant/schedules", params: { tenant }, search: {} });
  return (
    <>
      <div className="head">
        <h1>{words.of(name)}</h1>
        <span className="chips">
          {ACTIONS.filter((action) => action !== (schedule.paused ? "pause" : "resume")).map((action) => (
            <span key={action} className={action === "delete" ? "danger" : undefined}>
              <Act name={nameOf(action)} action={schedule.actions[action]} onClick={() => ask(action)} />
            </span>
          ))}
        </span>
      </div>
      <Standing tenant={tenant} schedule={schedule} />
      <ScheduleForm key={found.data.etag.split(".")[0]} tenant={tenant} stored={found.data} first={draftOf(schedule, ownZone())} />
      {asked !== null && <ActDialog tenant={tenant} name={name} action={asked} onClose={() => ask(null)} {...(asked === "delete" && { onDone: leave })} />}
    </>
  );
}

function Standing({ tenant, schedule }: { tenant: string; schedule: Schedule }) {
  const { problem, last, skippedAt, next } = schedule;
  return (
    <section className="panel stack" aria-label={words.columns.state}>
      {problem !== null && (
        <p className="field-error">
          {problem.message} · <Time at={problem.at} />
        </p>
      )}
      {schedule.paused && <p>{words.states.paused}</p>}
      <p>
        <strong>{words.columns.last}</strong>{" "}
        {last === null ? (
          words.never
        ) : (
          <Link to="/t/$tenant/executions/$id" params={{ tenant, id: last.execution }}>
            {last.execution} · <Time at={last.at} />
          </Link>
        )}
      </p>
      {skippedAt !== null && (
        <p>
          {words.skipped} <Time at={skippedAt} />
        </p>
      )}
      {next.length > 0 && (
        <div>
          <strong>{words.nextTimes}</strong>
          <ul>
            {next.map((at) => (
              <li key={at}>
                <Time at={at} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <p className="muted small">
        {words.changed} <Time at={schedule.changedAt} /> {schedule.changedBy}
      </p>
    </section>
  );
}

interface FormProps {
  tenant: string;
  stored: TaggedSchedule | null;
  first: ScheduleDraft;
}

function ScheduleForm({ tenant, stored, first }: FormProps) {
  const client = useQueryClient();
  const navigate = scheduleRoute.useNavigate();
  const me = useQuery(meQuery(tenant));
  const [kept, keep] = useDraft<ScheduleDraft>(`schedule.${tenant}.${stored?.schedule.name ?? ""}.${stored?.etag.split(".")[0] ?? ""}`);
  const draft = kept ?? first;
  const set = (change: Partial<ScheduleDraft>): void => keep({ ...draft, ...change });
  const saved = useMutation({
    mutationFn: (input: Json) => putSchedule(tenant, draft.name.trim(), contentOf(draft, input), stored?.etag ?? null),
    onSuccess: async () => {
      keep(undefined);
      await client.invalidateQueries({ queryKey: ["schedules", tenant] });
    },
  });
  /** Shows what was saved, unless another page is open by then. */
  const show = ({ name }: Schedule): void => void navigate({ to: "/t/$tenant/schedules/$name", params: { tenant, name } });
  const hidden = stored?.schedule.hidden;
  const asked = hidden === undefined ? stored?.schedule.actions.put : { possible: false, reason: hidden };
  const may = asked ?? { possible: me.data?.rights?.includes("schedules:write") ?? false, reason: null };
  const form = useId();
  const chosen = useDefinition(tenant, draft);
  const lacks = draft.name.trim() === "" ? words.needName : chosen.definition.data === undefined ? words.needDefinition : null;
  return (
    <section className="panel stack schedule-form" aria-label={words.save}>
      {stored === null && <Field label={words.name} hint={words.nameHint} value={draft.name} onChange={(name) => set({ name })} maxLength={48} />}
      <Field label={words.label} value={draft.title} onChange={(title) => set({ title })} maxLength={200} />
      <Field label={words.description} value={draft.description} onChange={(description) => set({ description })} maxLength={2_000} />
      <Plan draft={draft} set={set} />
      <label className="check">
        <input type="checkbox" checked={draft.isSkipping} onChange={(event) => set({ isSkipping: event.target.checked })} /> {words.skip}
      </label>
      <InputForm id={form} {...chosen} draft={draft} set={set} error={saved.error} onSubmit={(input) => lacks === null && saved.mutate(input, { onSuccess: show })} />
      {saved.isError && <ProblemAlert error={saved.error} />}
      <div className="save-bar">
        <Act name={words.save} action={lacks === null || !may.possible ? may : { possible: false, reason: lacks }} form={form} isPrimary isBusy={saved.isPending} />
        {may.possible && lacks !== null && <span className="muted">{lacks}</span>}
      </div>
    </section>
  );
}

function Plan({ draft, set }: { draft: ScheduleDraft; set: (change: Partial<ScheduleDraft>) => void }) {
  const known = useMemo(zones, []);
  return (
    <fieldset className="rule stack">
      <legend>{words.plan}</legend>
      <span className="chips">
        {(["cron", "every"] as const).map((plan) => (
          <label key={plan} className="check">
            <input type="radio" name="plan" checked={draft.plan === plan} onChange={() => set({ plan })} /> {plan === "cron" ? words.byCron : words.byInterval}
          </label>
        ))}
      </span>
      {draft.plan === "cron" ? (
        <>
          <Field label={words.cron} hint={words.cronHint} value={draft.cron} onChange={(cron) => set({ cron })} maxLength={100} spellCheck={false} />
          <Field label={words.zone} value={draft.zone} onChange={(zone) => set({ zone })} list="known-zones" />
          <datalist id="known-zones">
            {known.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      ) : (
        <Field label={words.interval} hint={words.intervalHint} value={draft.every} onChange={(every) => set({ every })} maxLength={100} spellCheck={false} />
      )}
      <Coming draft={draft} />
    </fieldset>
  );
}

/** The definition that a schedule starts, when its name is whole. */
function useDefinition(tenant: string, draft: ScheduleDraft) {
  const [chosen, choose] = useState(draft.definition);
  const known = useQuery({ queryKey: ["definitions", tenant, null], queryFn: () => listDefinitions(tenant, null) });
  const version = draft.version === "" ? undefined : Number(draft.version);
  const definition = useQuery({
    queryKey: ["definition", tenant, chosen, version ?? null],
    queryFn: () => readDefinition(tenant, chosen, version),
    enabled: chosen !== "",
    retry: false,
  });
  return { ids: known.data?.items.map(({ id }) => id) ?? [], definition, choose };
}

interface InputProps extends ReturnType<typeof useDefinition> {
  /** Of its form, which is sent from elsewhere on the page. */
  id: string;
  draft: ScheduleDraft;
  set: (change: Partial<ScheduleDraft>) => void;
  error: unknown;
  onSubmit: (input: Json) => void;
}

/** Which definition, and its input: by its form, or as JSON where it has none. */
function InputForm({ id, ids, definition, choose, draft, set, error, onSubmit }: InputProps) {
  const write = (name: string): void => {
    set({ definition: name });
    if (ids.includes(name)) choose(name);
  };
  const schema = definition.data?.inputSchema as unknown;
  const errors = useMemo(() => (error instanceof ProblemError ? errorsAt(error.problem.errors ?? []) : undefined), [error]);
  return (
    <>
      <Field label={words.definition} value={draft.definition} onChange={write} onBlur={() => choose(draft.definition.trim())} list="known-definitions" spellCheck={false} />
      <datalist id="known-definitions">
        {ids.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <Field label={words.version} hint={words.versionHint} type="number" min="1" value={draft.version} onChange={(next) => set({ version: next })} />
      <h2>{words.input}</h2>
      {definition.isError && <ProblemAlert error={definition.error} />}
      {definition.data === undefined ? (
        <p className="muted">{words.choose}</p>
      ) : isFormSchema(schema) ? (
        <Boundary key={`${definition.data.id} ${definition.data.version}`}>
          <JsonForm id={id} schema={schema} value={draft.input} errors={errors} onChange={(input) => set({ input })} onSubmit={onSubmit}>
            <></>
          </JsonForm>
        </Boundary>
      ) : (
        <JsonInput id={id} key={`${definition.data.id} ${definition.data.version}`} input={draft.input ?? {}} onChange={(input) => set({ input })} onSubmit={onSubmit} />
      )}
    </>
  );
}
