/** The text beside that of any version, line by line. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { listVersions, readSource } from "~/api/endpoints";
import { difference } from "~/parts/difference";
import { Lines } from "~/parts/json";
import { Loading, ProblemAlert } from "~/parts/problem";
import { texts } from "~/texts";

/** Lines around a difference that are shown. */
const AROUND = 4;

export function Compare({ tenant, id, text }: { tenant: string; id: string; text: string }) {
  const versions = useQuery({ queryKey: ["versions", tenant, id], queryFn: () => listVersions(tenant, id) });
  const all = useMemo(() => [...(versions.data?.items ?? [])].sort((one, two) => two.version - one.version), [versions.data]);
  const [chosen, choose] = useState<number | null>(null);
  const version = chosen ?? all[0]?.version;
  const source = useQuery({ queryKey: ["source", tenant, id, version], queryFn: () => readSource(tenant, id, version), enabled: version !== undefined });
  const lines = useMemo(() => (source.data === undefined ? [] : difference(source.data.trimEnd().split("\n"), text.trimEnd().split("\n"))), [source.data, text]);
  const near = useMemo(() => {
    const shown = new Set<number>();
    lines.forEach(({ kind }, at) => {
      for (let each = at - AROUND; kind !== "same" && each <= at + AROUND; each += 1) shown.add(each);
    });
    return lines.filter((_, at) => shown.has(at));
  }, [lines]);
  if (versions.isError) return <ProblemAlert error={versions.error} />;
  return (
    <div className="bench-tool">
      <label className="field">
        <span className="strong">{texts.editor.against}</span>
        <select className="input" value={version ?? ""} onChange={(event) => choose(Number(event.target.value))}>
          {all.map((each) => (
            <option key={each.version} value={each.version}>
              {texts.definitions.version(each.version)}
            </option>
          ))}
        </select>
      </label>
      {source.isError && <ProblemAlert error={source.error} />}
      {source.isLoading && <Loading />}
      {source.data !== undefined && near.length === 0 && <p className="muted">{texts.editor.equal}</p>}
      {near.length > 0 && <Lines lines={near} label={texts.editor.tabs.compare} />}
    </div>
  );
}
