/** Lets nobody further who has not signed in; a server that asks nobody is told by its first answer. */
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { readMe } from "~/api/endpoints";
import { useSession } from "~/api/session";
import type { Me } from "~/api/types";
import { Loading, ProblemAlert } from "~/parts/problem";

export const meQuery = (tenant?: string) => ({
  queryKey: ["me", tenant ?? null],
  queryFn: (): Promise<Me> => readMe(tenant),
  staleTime: 60_000,
});

export function Gate() {
  const session = useSession();
  return session === null ? <Leave /> : <Known />;
}

/** Leads to the sign-in, which leads back to where it was asked for. */
function Leave() {
  const place = useLocation({ select: (location) => location.href });
  const [to] = useState(place);
  return <Navigate to="/sign-in" search={{ to }} replace />;
}

function Known() {
  const me = useQuery(meQuery());
  if (me.isError) return <ProblemAlert error={me.error} onRetry={() => void me.refetch()} />;
  return me.isPending ? <Loading /> : <Outlet />;
}
