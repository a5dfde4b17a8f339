/** Shows the sign-in in place of the page, unless somebody is signed in. */
import { Navigate, Outlet, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { readMe } from "~/api/endpoints";
import { useSession } from "~/api/use-session";
import type { Me } from "~/api/types";

export const meQuery = (tenant?: string) => ({
  queryKey: ["me", tenant ?? null],
  queryFn: (): Promise<Me> => readMe(tenant),
  staleTime: 60_000,
});

export function Gate() {
  const session = useSession();
  return session === null ? <Leave /> : <Outlet />; // pages ask at once: what the server refuses, it says of each
}

/** Redirects to the sign-in, which redirects back to the address that was asked for. */
function Leave() {
  const place = useLocation({ select: (location) => location.href });
  const [to] = useState(place);
  return <Navigate to="/sign-in" search={{ to }} replace />;
}
