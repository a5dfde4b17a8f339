/** Answers whether somebody may do something, and why. */
import type { Binding, Role } from "~/api/types";
import { rightsRoute } from "~/app/router";
import { TextFilter } from "~/parts/filter";
import { StateBadge } from "~/parts/state-badge";
import { texts } from "~/texts";
import { listed } from "./names";
import { reasons, RIGHTS } from "./explain";

interface Props {
  roles: readonly Role[];
  bindings: readonly Binding[];
}

export function WhoMay({ roles, bindings }: Props) {
  const { who, groups, thing } = rightsRoute.useSearch();
  const navigate = rightsRoute.useNavigate();
  const set = (change: { who?: string | undefined; groups?: string | undefined; thing?: string | undefined }): void => void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const known = [...new Set(bindings.flatMap((each) => each.subjects))];
  const knownGroups = [...new Set(bindings.flatMap((each) => each.groups))];
  const isAsked = who !== undefined || groups !== undefined;
  return (
    <>
      <p className="muted">{texts.rights.hint}</p>
      <div className="filters">
        <TextFilter label={texts.rights.subject} value={who} onChange={(next) => set({ who: next })} suggestions={known} />
        <TextFilter label={texts.rights.groups} value={groups} onChange={(next) => set({ groups: next })} suggestions={knownGroups} />
        <TextFilter label={texts.rights.thing} value={thing} onChange={(next) => set({ thing: next })} />
      </div>
      {isAsked && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={texts.rights.tabs.who}>
          <table className="rows">
            <thead>
              <tr>
                <th>{texts.rights.right}</th>
                <th>{texts.rights.may}</th>
                <th>{texts.rights.why}</th>
              </tr>
            </thead>
            <tbody>
              {RIGHTS.map((right) => {
                const found = reasons({ subject: who ?? "", groups: listed(groups ?? ""), right, name: thing }, roles, bindings);
                return (
                  <tr key={right}>
                    <td>{right}</td>
                    <td>
                      <StateBadge state={found.length > 0 ? { tone: "succeeded", word: texts.rights.yes } : { tone: "cancelled", word: texts.rights.no }} />
                    </td>
                    <td>
                      <span className="wrap">{found.length > 0 ? found.map((each) => texts.rights.because(each.binding.name, each.role.name, each.names)).join(" · ") : texts.rights.noRule}</span>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
