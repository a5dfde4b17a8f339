/** The forms of a definition as people will have them: of its input, and of its tasks. */
import { useMemo, useState } from "react";
import type { Json } from "~/api/types";
import { isFormSchema, JsonForm } from "~/form/form";
import { Json as JsonText } from "~/parts/json";
import { Boundary } from "~/parts/problem";
import { texts } from "~/texts";
import { pathOf, type Steps, valueAt } from "./source";

interface Props {
  value: unknown;
  steps: Steps;
}

export default function FormPreview({ value, steps }: Props) {
  const [chosen, choose] = useState("");
  const [given, setGiven] = useState<Json | undefined>();
  const tasks = useMemo(() => [...steps.pointers].filter(([, pointer]) => valueAt(value, [...pathOf(pointer), "type"]) === "task"), [steps, value]);
  const pointer = tasks.find(([path]) => path === chosen)?.[1] ?? "";
  const within = pathOf(pointer);
  const schema = valueAt(value, [...within, "inputSchema"]);
  const uiSchema = pointer === "" ? undefined : (valueAt(value, [...within, "uiSchema"]) as Record<string, unknown> | undefined);
  const key = JSON.stringify([schema, uiSchema]);
  return (
    <div className="bench-tool">
      <label className="field">
        <span className="strong">{texts.editor.form}</span>
        <select className="input" value={chosen} onChange={(event) => choose(event.target.value)}>
          <option value="">{texts.editor.formInput}</option>
          {tasks.map(([path]) => (
            <option key={path}>{path}</option>
          ))}
        </select>
      </label>
      {isFormSchema(schema) ? (
        <Boundary key={key}>
          <JsonForm schema={schema} uiSchema={uiSchema} value={given} onChange={setGiven} onSubmit={setGiven}>
            <></>
          </JsonForm>
        </Boundary>
      ) : (
        <p className="muted">{texts.editor.noForm}</p>
      )}
      <h3>{texts.editor.formValue}</h3>
      <JsonText value={given ?? null} label={texts.editor.formValue} />
    </div>
  );
}
