/** Redrive: from which step, with which version, and with a stash that is edited and compared first. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { listVersions, redrive } from "~/api/endpoints";
import type { Execution, JsonObject } from "~/api/types";
import { Dialog } from "~/parts/dialog";
import { Difference } from "~/parts/json";
import { texts } from "~/texts";
import type { PlanList } from "~/graph/plan";
import { changes, parsed } from "./stash-change";

interface Props {
  execution: Execution;
  tenant: string;
  plan: PlanList | undefined;
  started: ReadonlySet<string>;
  onClose: () => void;
}

export function RedriveDialog({ execution, tenant, plan, started, onClose }: Props) {
  const client = useQueryClient();
  const stash = (execution.stash ?? {}) as JsonObject;
  const comes = execution.actions.redrive;
  const [step, setStep] = useState((comes.failsAgain === true && comes.step) || "");
  const [version, setVersion] = useState(String(execution.version));
  const [again, setAgain] = useState(false);
  const [text, setText] = useState(() => JSON.stringify(stash, null, 2));
  const edited = useMemo(() => parsed(text), [text]);
  const versions = useQuery({ queryKey: ["versions", tenant, execution.definitionId], queryFn: () => listVersions(tenant, execution.definitionId) });
  const change = edited.value === undefined ? {} : changes(stash, edited.value);
  const asked = useMutation({
    mutationFn: () =>
      redrive(tenant, execution.id, {
        ...(step === "" ? {} : { step }),
        ...(Number(version) === execution.version ? {} : { version: Number(version) }),
        ...(again ? { again } : {}),
        ...(Object.keys(change).length > 0 ? { stash: change } : {}),
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["execution", tenant, execution.id] });
      await client.invalidateQueries({ queryKey: ["history", tenant, execution.id] });
      onClose();
    },
  });
  const steps = (plan?.steps ?? []).filter((each) => started.has(each.path));
  return (
    <Dialog
      title={`${texts.execution.redrive}: ${execution.id}`}
      submit={texts.execution.submits.redrive}
      isBusy={asked.isPending}
      error={asked.error}
      onSubmit={() => edited.value !== undefined && asked.mutate()}
      onClose={onClose}
    >
      <p>{comes.text ?? texts.execution.confirmRedrive}</p>
      <div className="two">
        <label className="field">
          <span>{texts.execution.redriveStep}</span>
          <select className="input" value={step} onChange={(event) => setStep(event.target.value)}>
            <option value="">{texts.execution.redriveHere(execution.step)}</option>
            {steps.map((each) => (
              <option key={each.path}>{each.id}</option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{texts.execution.redriveVersion}</span>
          <select className="input" value={version} onChange={(event) => setVersion(event.target.value)}>
            <option value={execution.version}>{texts.execution.redriveKeep(execution.version)}</option>
            {(versions.data?.items ?? [])
              .filter((each) => each.version !== execution.version)
              .map((each) => (
                <option key={each.version} value={each.version}>
                  {texts.definitions.version(each.version)}
                </option>
              ))}
          </select>
        </label>
      </div>
      <label className="check">
        <input type="checkbox" checked={again} onChange={(event) => setAgain(event.target.checked)} /> {texts.execution.redriveAgain}
      </label>
      <label className="field">
        <span>{texts.execution.redriveStash}</span>
        <textarea className="input" rows={10} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} aria-invalid={edited.value === undefined} />
      </label>
      {edited.error !== undefined && <p className="state-failed state">{texts.start.broken(edited.error)}</p>}
      {Object.keys(change).length > 0 && edited.value !== undefined && (
        <>
          <h3>{texts.execution.redriveChange}</h3>
          <Difference before={stash} after={edited.value} label={texts.execution.redriveChange} />
        </>
      )}
    </Dialog>
  );
}
