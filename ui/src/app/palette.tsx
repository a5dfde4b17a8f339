/** Ctrl-K: to a page, a definition or an execution by a few letters of its name. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { listDefinitions, listExecutions } from "~/api/endpoints";
import { texts } from "~/texts";
import { meQuery } from "./gate";
import { PAGES } from "./pages";

interface Goal {
  name: string;
  kind: string;
  go: () => void;
}

export function Palette({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const goals = useGoals(tenant, text);
  useEffect(() => dialog.current?.showModal(), []);
  const take = (goal: Goal | undefined): void => {
    if (goal === undefined) return;
    onClose();
    goal.go();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((now) => (now + step + goals.length) % Math.max(1, goals.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(goals[at]);
    }
  };
  return (
    <dialog ref={dialog} className="palette" aria-label={texts.app.palette} onClose={onClose} onKeyDown={onKey}>
      <input
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-goals"
        aria-activedescendant={goals.length > 0 ? `goal-${at}` : undefined}
        aria-label={texts.app.paletteHint}
        placeholder={texts.app.paletteHint}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
      />
      <ul id="palette-goals" role="listbox" aria-label={texts.app.palette}>
        {goals.map((goal, index) => (
          <li
            key={`${goal.kind} ${goal.name}`}
            id={`goal-${index}`}
            role="option"
            aria-selected={index === at}
            onClick={() => take(goal)}
          >
            {goal.name} <span className="muted">{goal.kind}</span>
          </li>
        ))}
      </ul>
      {goals.length === 0 && <p className="muted">{texts.app.paletteEmpty}</p>}
      <p className="muted small">{texts.app.shortcuts}</p>
    </dialog>
  );
}

function useGoals(tenant: string, text: string): Goal[] {
  const navigate = useNavigate();
  const mayStart = useQuery(meQuery(tenant)).data?.rights?.includes("executions:start") ?? false;
  const definitions = useQuery({ queryKey: ["definitions", tenant, null], queryFn: () => listDefinitions(tenant, null) });
  const executions = useQuery({
    queryKey: ["executions", tenant, { limit: 50 }],
    queryFn: () => listExecutions(tenant, { limit: 50 }),
  });
  return useMemo(() => {
    const all: Goal[] = PAGES.map((page) => ({ name: page.name, kind: `g ${page.key}`, go: () => void navigate({ to: page.to, params: { tenant } }) }));
    for (const { id } of definitions.data?.items ?? []) {
      const params = { tenant, id };
      all.push({ name: id, kind: texts.definitions.columns.definition, go: () => void navigate({ to: "/t/$tenant/definitions/$id", params }) });
      if (mayStart) all.push({ name: texts.start.title(id), kind: "", go: () => void navigate({ to: "/t/$tenant/definitions/$id/start", params }) });
    }
    const open = (id: string): Goal => ({
      name: id,
      kind: texts.executions.columns.execution,
      go: () => void navigate({ to: "/t/$tenant/executions/$id", params: { tenant, id } }),
    });
    for (const { id } of executions.data?.items ?? []) all.push(open(id));
    const asked = text.trim().toLowerCase();
    const found = all.filter((each) => each.name.toLowerCase().includes(asked)).slice(0, 12);
    const isId = /^[\w.-]+:[\w.-]+:.+$/.test(text.trim());
    return isId && !found.some((each) => each.name === text.trim()) ? [open(text.trim()), ...found] : found;
  }, [text, tenant, navigate, mayStart, definitions.data, executions.data]);
}
