/** Answers whether somebody may do something, and why: by roles and bindings, those of the installation, and conditions of a definition. */
import { useQuery } from "@tanstack/react-query";
import { readDefinition } from "~/api/endpoints";
import { listOfInstallation } from "~/api/operate";
import { meQuery } from "~/app/gate";
import { rightsRoute } from "~/app/router";
import { TextFilter } from "~/parts/filter";
import { StateBadge } from "~/parts/state-badge";
import type { Shown } from "~/parts/states";
import { texts } from "~/texts";
import { type Access, asked, CONDITION_OF, type Policy, type Reason, reasons, RIGHTS } from "./explain";
import { listed } from "./names";

interface Conditions {
  definition: string;
  version: number;
  access: Access;
}

const { rights } = texts;
const YES: Shown = { tone: "succeeded", word: rights.yes };
const NO: Shown = { tone: "cancelled", word: rights.no };
const IF: Shown = { tone: "waiting", word: rights.onCondition };

export function WhoMay({ here }: { here: Policy }) {
  const { tenant } = rightsRoute.useParams();
  const { who, groups, thing } = rightsRoute.useSearch();
  const navigate = rightsRoute.useNavigate();
  const me = useQuery(meQuery(tenant));
  const installation = useQuery({ queryKey: ["installation"], queryFn: listOfInstallation });
  const definition = useQuery({ queryKey: ["definition", tenant, thing, null], queryFn: () => readDefinition(tenant, thing ?? ""), enabled: thing !== undefined, retry: false });
  const set = (change: { who?: string | undefined; groups?: string | undefined; thing?: string | undefined }): void => void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const conditions = definition.data?.access === undefined ? null : { definition: definition.data.id, version: definition.data.version, access: definition.data.access };
  const isAsked = who !== undefined || groups !== undefined;
  return (
    <>
      <p className="muted">
        {rights.hint} {installation.data === undefined ? "" : installation.data === null ? rights.notOfInstallation : rights.ofInstallation}
      </p>
      {me.data?.means === "none" && <p className="notice">{rights.everybody}</p>}
      <div className="filters">
        <TextFilter label={rights.subject} value={who} onChange={(next) => set({ who: next })} suggestions={[...new Set(here.bindings.flatMap((each) => each.subjects))]} />
        <TextFilter label={rights.groups} value={groups} onChange={(next) => set({ groups: next })} suggestions={[...new Set(here.bindings.flatMap((each) => each.groups))]} />
        <TextFilter label={rights.thing} value={thing} onChange={(next) => set({ thing: next })} suggestions={[]} />
      </div>
      {isAsked && <Answers here={here} installation={installation.data ?? null} conditions={conditions} person={{ subject: who ?? "", groups: listed(groups ?? "") }} thing={thing} />}
    </>
  );
}

interface AnswersProps {
  here: Policy;
  installation: Policy | null;
  conditions: Conditions | null;
  person: { subject: string; groups: readonly string[] };
  thing: string | undefined;
}

function Answers({ here, installation, conditions, person, thing }: AnswersProps) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={rights.tabs.who}>
      <table className="rows">
        <thead>
          <tr>
            <th>{rights.right}</th>
            <th>{rights.may}</th>
            <th>{rights.why}</th>
          </tr>
        </thead>
        <tbody>
          {RIGHTS.map((right) => {
            const found = reasons({ ...person, right, name: thing }, here, installation);
            const name = CONDITION_OF[right];
            const condition = name === undefined ? undefined : conditions?.access[name];
            const { lacks, when } = asked(condition, person, here, installation);
            const why = found.map(becauseOf);
            if (found.length > 0 && conditions !== null && condition !== undefined) why.push(saidOf(rights.condition(name ?? "", conditions.definition, conditions.version), lacks, when));
            return (
              <tr key={right}>
                <td>{right}</td>
                <td>
                  <StateBadge state={found.length === 0 || lacks.length > 0 ? NO : when === undefined ? YES : IF} />
                </td>
                <td>
                  <span className="wrap">{why.length > 0 ? why.join(" · ") : rights.noRule}</span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const becauseOf = ({ binding, role, names, isOfInstallation }: Reason): string => {
  const because = rights.because(binding.name, role.name, names);
  return isOfInstallation ? rights.inInstallation(because) : because;
};

/** What a condition asks for beside the right. */
const saidOf = (name: string, lacks: readonly string[], when: string | undefined): string =>
  `${name} ${[lacks.length > 0 ? rights.asksRole(lacks) : "", when === undefined ? "" : rights.asksWhen(when)].filter((each) => each !== "").join(rights.and) || rights.met}`;
