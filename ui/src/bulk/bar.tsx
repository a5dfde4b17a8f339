/** What can be done with chosen executions, or with all that a filter finds. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { meQuery } from "~/app/gate";
import { Loading } from "~/parts/problem";
import { texts } from "~/texts";
import { DEEDS, type Deed } from "./plan";

const BulkDialog = lazy(() => import("./dialog").then((found) => ({ default: found.BulkDialog })));

export interface Ids {
  ids: string[];
  isMore: boolean;
}

interface Props {
  tenant: string;
  chosen: ReadonlySet<string>;
  /** Reads the ids of all that the filter finds. Null: that cannot be said. */
  findAll: (() => Promise<Ids>) | null;
  onDone: () => void;
}

export function BulkBar({ tenant, chosen, findAll, onDone }: Props) {
  const [isAll, setAll] = useState(false);
  const [deed, ask] = useState<Deed | null>(null);
  const me = useQuery(meQuery(tenant));
  const isOfAll = isAll && findAll !== null && chosen.size === 0;
  if (me.data?.rights?.includes("executions:operate") !== true) return null;
  const close = (): void => {
    ask(null);
    setAll(false);
    onDone();
  };
  return (
    <div className="bulk" role="group" aria-label={texts.bulk.label}>
      <span role="status" className="muted">
        {chosen.size > 0 ? texts.bulk.chosen(chosen.size) : texts.bulk.none}
      </span>
      {chosen.size === 0 && findAll !== null && (
        <button type="button" className="chip" aria-pressed={isAll} onClick={() => setAll(!isAll)}>
          {texts.bulk.takeAll}
        </button>
      )}
      {(chosen.size > 0 || isOfAll) &&
        DEEDS.map((each) => (
          <button key={each} type="button" className="chip" onClick={() => ask(each)}>
            {texts.execution[each]}…
          </button>
        ))}
      {deed !== null && (
        <Suspense fallback={<Loading />}>
          <BulkDialog tenant={tenant} deed={deed} find={isOfAll && findAll !== null ? findAll : async () => ({ ids: [...chosen], isMore: false })} onClose={close} />
        </Suspense>
      )}
    </div>
  );
}
