/** Redrives all open incidents that the filters find: a dry run says first what would come of each. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type IncidentQuery, redriveIncidents } from "~/api/operate";
import type { IncidentRedrives } from "~/api/types";
import { Dialog } from "~/parts/dialog";
import { inWords } from "~/parts/states";
import { texts } from "~/texts";

export function RedriveIncidents({ tenant, query, onClose }: { tenant: string; query: IncidentQuery; onClose: () => void }) {
  const client = useQueryClient();
  const looked = useQuery({ queryKey: ["redrivable", tenant, query], queryFn: () => redriveIncidents(tenant, query, true), gcTime: 0, staleTime: Number.POSITIVE_INFINITY });
  const done = useMutation({
    mutationFn: () => redriveIncidents(tenant, query, false),
    onSettled: () => ["incidents", "executions", "search", "standing"].map((list) => client.invalidateQueries({ queryKey: [list, tenant] })),
  });
  const found = done.data ?? looked.data;
  const canSend = looked.data !== undefined && looked.data.possible > 0 && done.data === undefined;
  return (
    <Dialog
      title={texts.incidents.many.title}
      submit={canSend ? texts.incidents.many.submit(looked.data.possible) : null}
      isBusy={looked.isPending || done.isPending}
      error={looked.error ?? done.error}
      onSubmit={() => done.mutate()}
      onClose={onClose}
    >
      <div role="status" className="stack-fields">
        {found === undefined ? <span>{texts.bulk.looking}</span> : <Outcome tenant={tenant} found={found} />}
      </div>
    </Dialog>
  );
}

function Outcome({ tenant, found }: { tenant: string; found: IncidentRedrives }) {
  const { can, done, more } = texts.incidents.many;
  return (
    <>
      <strong>{found.dryRun ? can(found.possible, found.refused) : done(found.possible, found.refused)}</strong>
      <ul className="plain bulk-results">
        {found.results.map(({ id, execution, remedy, problem }) => (
          <li key={id}>
            <span className={`state state-${problem === undefined ? "succeeded" : "failed"}`}>{problem === undefined ? "✓" : "✕"}</span>{" "}
            {execution === null ? id : <Link to="/t/$tenant/executions/$id" params={{ tenant, id: execution }}>{execution}</Link>}{" "}
            {inWords(problem?.detail ?? problem?.title ?? "") || (remedy === null ? "" : texts.incidents.remedies[remedy])}
          </li>
        ))}
      </ul>
      {found.more && <span>{more}</span>}
    </>
  );
}
