/** An execution that ran already, to try things with: chosen, and read with its history. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { listExecutions, readDefinition, readExecution } from "~/api/endpoints";
import type { Execution, HistoryEntry, StoredDefinition } from "~/api/types";
import { NOTHING, readOn } from "~/execution/history";
import { texts } from "~/texts";
import { Field } from "~/parts/field";
import { ProblemAlert } from "~/parts/problem";

/** Pages of its history that are read. */
const PAGES = 2;

export interface Recording {
  execution: Execution;
  entries: HistoryEntry[];
  isWhole: boolean;
  /** The version that ran. */
  definition: StoredDefinition;
}

async function readRecording(tenant: string, id: string): Promise<Recording> {
  const execution = await readExecution(tenant, id);
  const [known, definition] = await Promise.all([readOn(tenant, id, NOTHING, PAGES), readDefinition(tenant, execution.definitionId, execution.version)]);
  return { execution, entries: known.entries, isWhole: known.isWhole, definition };
}

interface Props {
  tenant: string;
  definition: string;
  chosen: string;
  onChoose: (id: string) => void;
}

export const useRecording = (tenant: string, id: string) =>
  useQuery({ queryKey: ["recording", tenant, id], queryFn: () => readRecording(tenant, id), enabled: id !== "", retry: false });

export function RecordedPicker({ tenant, definition, chosen, onChoose }: Props) {
  const [other, setOther] = useState("");
  const recent = useQuery({ queryKey: ["executions", tenant, definition, "recorded"], queryFn: () => listExecutions(tenant, { definition, limit: 20 }), enabled: definition !== "" });
  const recording = useRecording(tenant, chosen);
  const take = (): void => {
    if (other.trim() !== "" && other.trim() !== chosen) onChoose(other.trim());
  };
  const ids = useMemo(() => [...new Set([...(recent.data?.items ?? []).map((each) => each.id), ...(chosen === "" ? [] : [chosen])])], [recent.data, chosen]);
  return (
    <>
      <div className="two">
        <label className="field">
          <span className="strong">{texts.editor.recorded}</span>
          <select className="input" value={chosen} onChange={(event) => onChoose(event.target.value)}>
            <option value="">{texts.editor.noRecorded}</option>
            {ids.map((id) => (
              <option key={id} value={id}>
                {id.split(":").slice(1).join(":")}
              </option>
            ))}
          </select>
        </label>
        <Field label={texts.editor.recordedOther} value={other} onChange={setOther} onBlur={take} onKeyDown={(event) => event.key === "Enter" && (event.preventDefault(), take())} />
      </div>
      {recording.isError && <ProblemAlert error={recording.error} />}
      {recording.data !== undefined && !recording.data.isWhole && <p className="muted">{texts.editor.cut}</p>}
    </>
  );
}
