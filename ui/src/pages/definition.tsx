/** One definition: its text as it was written, its graph, its versions. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { listVersions, readDefinition, readSource, retireDefinition } from "~/api/endpoints";
import { definitionRoute } from "~/app/router";
import { PlanPanel } from "~/graph/plan-panel";
import { Act } from "~/parts/act";
import { Dialog } from "~/parts/dialog";
import { Markdown } from "~/parts/markdown";
import { Failed, Loading, ProblemAlert } from "~/parts/problem";
import { Time } from "~/parts/time";
import { texts } from "~/texts";

export function DefinitionPage() {
  const { tenant, id } = definitionRoute.useParams();
  const search = definitionRoute.useSearch();
  const navigate = definitionRoute.useNavigate();
  const [isRetiring, retire] = useState(false);
  const version = search.version === undefined ? undefined : Number(search.version);
  const definition = useQuery({ queryKey: ["definition", tenant, id, version ?? null], queryFn: () => readDefinition(tenant, id, version) });
  const source = useQuery({ queryKey: ["source", tenant, id, version ?? null], queryFn: () => readSource(tenant, id, version) });
  const versions = useQuery({ queryKey: ["versions", tenant, id], queryFn: () => listVersions(tenant, id) });
  if (definition.isError) return <Failed title={id} error={definition.error} onRetry={() => void definition.refetch()} />;
  if (definition.data === undefined) return <Loading title={id} />;
  const { data } = definition;
  const newest = Math.max(data.version, ...(versions.data?.items ?? []).map((each) => each.version));
  const start = data.actions.execute;
  return (
    <>
      <div className="head">
        <h1>{id}</h1>
        <select className="input" aria-label={texts.definitions.versions} value={data.version} onChange={(event) => void navigate({ search: { version: event.target.value }, replace: true })}>
          {(versions.data?.items ?? [data]).map((each) => (
            <option key={each.version} value={each.version}>
              {texts.definitions.version(each.version)}
              {each.version === newest && `, ${texts.definitions.latest}`}
            </option>
          ))}
        </select>
        <Link to="/t/$tenant/executions" params={{ tenant }} search={{ definition: id }} className="secondary">
          {texts.definitions.seeExecutions}
        </Link>
        <Link to="/t/$tenant/definitions/$id/edit" params={{ tenant, id }} search={version === undefined ? {} : { version: String(version) }} className="secondary">
          {texts.editor.edit}
        </Link>
        <Act name={texts.definitions.retire} action={data.actions.retire} onClick={() => retire(true)} />
        {start.possible ? (
          <Link to="/t/$tenant/definitions/$id/start" params={{ tenant, id }} search={version === undefined ? {} : { version: String(version) }} className="primary">
            {texts.executions.start}
          </Link>
        ) : (
          <span className="muted" title={start.reason ?? undefined}>
            {start.reason}
          </span>
        )}
        <p className="sub muted">
          {data.title} · <Time at={data.createdAt} /> {data.createdBy}
        </p>
      </div>
      {isRetiring && <RetireDialog tenant={tenant} id={id} onClose={() => retire(false)} />}
      {data.description && <Markdown text={data.description} />}
      <div className="views">
        <section className="panel">
          <header>
            <h2>{texts.definitions.source}</h2>
          </header>
          {source.isError && <ProblemAlert error={source.error} />}
          <pre className="json source" tabIndex={0} role="region" aria-label={texts.definitions.source}>
            {source.data}
          </pre>
        </section>
        <PlanPanel steps={data.steps} />
      </div>
    </>
  );
}

function RetireDialog({ tenant, id, onClose }: { tenant: string; id: string; onClose: () => void }) {
  const client = useQueryClient();
  const retired = useMutation({
    mutationFn: () => retireDefinition(tenant, id),
    onSuccess: async () => {
      await Promise.all(["definition", "definitions", "versions"].map((each) => client.invalidateQueries({ queryKey: [each, tenant] })));
      onClose();
    },
  });
  return (
    <Dialog title={texts.definitions.retireTitle(id)} submit={texts.definitions.retireSubmit} isBusy={retired.isPending} error={retired.error} onSubmit={() => retired.mutate()} onClose={onClose}>
      <p>{texts.definitions.retireWill}</p>
    </Dialog>
  );
}
