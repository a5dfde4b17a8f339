/** The tenant of this tab. */
const KEY = "sedo.tenant";

export const lastTenant = (): string | null => sessionStorage.getItem(KEY);
export const rememberTenant = (tenant: string): void => sessionStorage.setItem(KEY, tenant);
