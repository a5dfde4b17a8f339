/** The plan of a definition, beside what is done with it. */
import { useMemo } from "react";
import type { StoredDefinition } from "~/api/types";
import "~/execution/execution.css";
import { Boundary } from "~/parts/problem";
import { texts } from "~/texts";
import { Graph } from "./graph";
import { planOf } from "./plan";

export function PlanPanel({ steps }: { steps: StoredDefinition["steps"] }) {
  const plan = useMemo(() => planOf(steps), [steps]);
  return (
    <section className="panel graph-panel" aria-label={texts.definitions.graph}>
      <header>
        <h2>{texts.definitions.graph}</h2>
      </header>
      <Boundary>
        <Graph plan={plan} />
      </Boundary>
    </section>
  );
}
