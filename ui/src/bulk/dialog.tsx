/** Does one thing with many executions: looks first with which it can be done, then tells the result of each. */
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { redrive, resume, stop } from "~/api/endpoints";
import { readActions } from "~/api/operate";
import { Dialog } from "~/parts/dialog";
import { Field } from "~/parts/field";
import { inWords } from "~/parts/states";
import { texts } from "~/texts";
import type { Ids } from "./bar";
import { AT_A_TIME, type Deed, type Looked, type Plan, planOf } from "./plan";
import { forEach } from "./pool";

interface Props {
  tenant: string;
  deed: Deed;
  find: () => Promise<Ids>;
  onClose: () => void;
}

interface Results {
  all: number;
  done: string[];
  failed: [string, string][];
}

type Phase = { name: "looking"; looked: number; all: number | null } | { name: "ready"; plan: Plan; isMore: boolean } | { name: "working" | "ended"; results: Results };

const why = (error: unknown): string => inWords(error instanceof Error ? error.message : String(error));

function perform(tenant: string, deed: Deed, id: string, reason: string): Promise<unknown> {
  if (deed === "redrive") return redrive(tenant, id, {});
  return deed === "resume" ? resume(tenant, id, null) : stop(tenant, id, deed, reason || null);
}

export function BulkDialog({ tenant, deed, find, onClose }: Props) {
  const client = useQueryClient();
  const [phase, setPhase] = useState<Phase>({ name: "looking", looked: 0, all: null });
  const [error, setError] = useState<unknown>(null);
  const [reason, setReason] = useState("");
  const isStopped = useRef(false);
  const asked = useRef(find);
  const look = useCallback(async () => {
    const { ids, isMore } = await asked.current();
    const looked: Looked[] = [];
    const one = async (id: string): Promise<void> => {
      looked.push(await readActions(tenant, id).catch((problem: unknown) => ({ id, problem: why(problem) })));
      setPhase({ name: "looking", looked: looked.length, all: ids.length });
    };
    await forEach(ids, AT_A_TIME, one, () => isStopped.current);
    setPhase({ name: "ready", plan: planOf(deed, looked), isMore });
  }, [tenant, deed]);
  useEffect(() => {
    isStopped.current = false;
    look().catch(setError);
    return () => {
      isStopped.current = true;
    };
  }, [look]);

  const work = async (ids: readonly string[], before: readonly string[]): Promise<void> => {
    const results: Results = { all: ids.length + before.length, done: [...before], failed: [] };
    const one = async (id: string): Promise<void> => {
      await perform(tenant, deed, id, reason.trim()).then(
        () => results.done.push(id),
        (problem: unknown) => results.failed.push([id, why(problem)]),
      );
      setPhase({ name: "working", results: { ...results } });
    };
    setPhase({ name: "working", results });
    await forEach(ids, AT_A_TIME, one, () => isStopped.current);
    setPhase({ name: "ended", results });
    for (const list of ["executions", "search", "standing", "incidents"]) void client.invalidateQueries({ queryKey: [list, tenant] });
  };
  const submit = (): void => {
    if (phase.name === "ready") void work(phase.plan.possible, []);
    if (phase.name === "ended") void work(phase.results.failed.map(([id]) => id), phase.results.done);
  };
  return (
    <Dialog title={texts.bulk.title(texts.execution[deed])} submit={submitOf(deed, phase)} isBusy={phase.name === "looking" || phase.name === "working"} error={error} onSubmit={submit} onClose={onClose}>
      {phase.name === "looking" && <Progress label={texts.bulk.looking} done={phase.looked} all={phase.all} />}
      {phase.name === "ready" && (
        <>
          <Counted deed={deed} plan={phase.plan} isMore={phase.isMore} />
          {(deed === "cancel" || deed === "pause") && phase.plan.possible.length > 0 && <Field label={texts.execution.reason} value={reason} onChange={setReason} maxLength={1000} />}
        </>
      )}
      {(phase.name === "working" || phase.name === "ended") && <Told tenant={tenant} results={phase.results} isEnded={phase.name === "ended"} />}
    </Dialog>
  );
}

/** What the button says; null: there is nothing to do. */
function submitOf(deed: Deed, phase: Phase): string | null {
  const name = texts.execution[deed];
  if (phase.name === "looking") return name;
  const left = phase.name === "ready" ? phase.plan.possible.length : phase.name === "ended" ? phase.results.failed.length : phase.results.all;
  if (left === 0) return null;
  return phase.name === "ended" ? texts.bulk.again(left) : texts.bulk.submit(name, left);
}

function Progress({ label, done, all }: { label: string; done: number; all: number | null }) {
  return (
    <div className="stack-fields" role="status">
      <span>{all === null ? label : `${label}: ${done.toLocaleString("en")} / ${all.toLocaleString("en")}`}</span>
      <progress aria-label={label} max={all ?? 1} value={all === null ? undefined : done} />
    </div>
  );
}

function Counted({ deed, plan, isMore }: { deed: Deed; plan: Plan; isMore: boolean }) {
  return (
    <div role="status" className="stack-fields">
      <strong>{texts.bulk.can(plan.possible.length)}</strong>
      {plan.possible.length > 0 && <span>{texts.bulk.will[deed]}</span>}
      {plan.impossible.length > 0 && (
        <ul className="plain">
          {plan.impossible.map(([reason, many]) => (
            <li key={reason}>{texts.bulk.cannot(many, reason)}</li>
          ))}
        </ul>
      )}
      {isMore && <span>{texts.bulk.more}</span>}
    </div>
  );
}

function Told({ tenant, results, isEnded }: { tenant: string; results: Results; isEnded: boolean }) {
  const { all, done, failed } = results;
  return (
    <div className="stack-fields">
      <Progress label={isEnded ? texts.bulk.ended(done.length, failed.length, all) : texts.bulk.working} done={done.length + failed.length} all={all} />
      <ul className="plain bulk-results">
        {failed.map(([id, problem]) => (
          <li key={id}>
            <span className="state state-failed">✕</span>{" "}
            <Link to="/t/$tenant/executions/$id" params={{ tenant, id }}>
              {id}
            </Link>{" "}
            {problem}
          </li>
        ))}
        {done.slice(-100).map((id) => (
          <li key={id}>
            <span className="state state-succeeded">✓</span>{" "}
            <Link to="/t/$tenant/executions/$id" params={{ tenant, id }}>
              {id}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
