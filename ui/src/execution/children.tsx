/** The executions that an execution has started, and what those have started, to any depth. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { listExecutions } from "~/api/endpoints";
import type { ExecutionSummary } from "~/api/types";
import { listInterval } from "~/app/live";
import { StateBadge } from "~/parts/state-badge";
import { ProblemAlert } from "~/parts/problem";
import { ENDED } from "~/parts/states";
import { Time } from "~/parts/time";
import { useStates } from "~/search/states";
import { texts } from "~/texts";

const PAGE = 50;
const REFRESH_MS = 5_000;

interface Props {
  tenant: string;
  id: string;
  isLive: boolean;
}

const hasLiving = ({ items }: { items: ExecutionSummary[] }): boolean => items.some((each) => !ENDED.has(each.state));

const useChildren = ({ tenant, id, isLive }: Props) =>
  useInfiniteQuery({
    queryKey: ["children", tenant, id, isLive], // once it has ended they are asked for once more
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }) => listExecutions(tenant, { parent: id, limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    refetchInterval: ({ state }) => (isLive ? REFRESH_MS : state.data?.pages.some(hasLiving) && listInterval()),
  });

/** Nothing, while there are none. */
export function Children(props: Props) {
  const children = useChildren(props);
  if ((children.data?.pages[0]?.items ?? []).length === 0) return null;
  return (
    <section className="panel">
      <header>
        <h2>{texts.execution.children}</h2>
        <Link to="/t/$tenant/executions" params={{ tenant: props.tenant }} search={{ parent: props.id }}>
          {texts.app.more}
        </Link>
      </header>
      <div className="scroll-x children" tabIndex={0} role="region" aria-label={texts.execution.children}>
        <Branch {...props} />
      </div>
    </section>
  );
}

function Branch(props: Props) {
  const children = useChildren(props);
  if (children.isError) return <ProblemAlert error={children.error} onRetry={() => void children.refetch()} />;
  if (children.data === undefined) return <p className="muted small">{texts.app.loading}…</p>;
  const items = children.data.pages.flatMap((page) => page.items);
  if (items.length === 0) return <p className="muted small">{texts.execution.childrenNone}</p>;
  return (
    <ul className="tree">
      {items.map((each) => (
        <Child key={each.id} tenant={props.tenant} execution={each} />
      ))}
      {children.hasNextPage && (
        <li>
          <button type="button" className="chip" disabled={children.isFetchingNextPage} onClick={() => void children.fetchNextPage()}>
            {texts.execution.loadMore}
          </button>
        </li>
      )}
    </ul>
  );
}

/** One of them: what it has started is asked for when it is opened. */
function Child({ tenant, execution }: { tenant: string; execution: ExecutionSummary }) {
  const [isOpen, open] = useState(false);
  const stateOf = useStates(tenant);
  const { id, step, startedAt } = execution;
  const name = id.split(":").slice(1).join(":");
  return (
    <li>
      <div className="tree-row">
        <button type="button" className="tree-toggle" aria-expanded={isOpen} aria-label={texts.execution.childrenOf(name)} onClick={() => open(!isOpen)}>
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span>
        </button>
        <Link className="cut" to="/t/$tenant/executions/$id" params={{ tenant, id }} title={id}>
          {name}
        </Link>
        <StateBadge state={stateOf(execution)} />
        <span className="muted cut">{step}</span>
        <Time at={startedAt} />
      </div>
      {isOpen && <Branch tenant={tenant} id={id} isLive={!ENDED.has(execution.state)} />}
    </li>
  );
}
