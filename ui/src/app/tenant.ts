/** The tenant of this tab. */
import { clearTenant } from "./cache";

const KEY = "sedo.tenant";

export const lastTenant = (): string | null => sessionStorage.getItem(KEY);

/** Switches to a tenant, and forgets all that the page knows of the one before. */
export function enterTenant(tenant: string): void {
  const last = lastTenant();
  if (last !== null && last !== tenant) clearTenant();
  sessionStorage.setItem(KEY, tenant);
}
