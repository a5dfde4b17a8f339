/** The cache of answers of the server; it is cleared when the tenant changes. */
import { QueryClient } from "@tanstack/react-query";
import { forget, ProblemError } from "~/api/client";

const isWorthATry = (failures: number, error: unknown): boolean =>
  failures < 3 && (!(error instanceof ProblemError) || error.status >= 500);

export const client = new QueryClient({
  defaultOptions: {
    queries: { retry: isWorthATry, staleTime: 2_000, gcTime: 300_000 },
    mutations: { retry: false },
  },
});

/** Clears the cache and the drafts. */
export function clearTenant(): void {
  client.clear();
  forget();
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("sedo.draft.")) sessionStorage.removeItem(key);
}
