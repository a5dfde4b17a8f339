/** Says on every page that nothing starts, while the tenant is stopped. */
import { useQuery } from "@tanstack/react-query";
import { readTenant } from "~/api/endpoints";
import { texts } from "~/texts";
import { meQuery } from "./gate";

export function Stopped({ tenant }: { tenant: string }) {
  const me = useQuery(meQuery(tenant));
  const mayRead = me.data?.rights?.includes("tenants:read") ?? false;
  const found = useQuery({ queryKey: ["tenant", tenant], queryFn: () => readTenant(tenant), enabled: mayRead, staleTime: 60_000 });
  return <div role="status">{found.data?.stopped === true && <p className="notice">‖ {texts.app.stopped}</p>}</div>;
}
