import { expect, it } from "vitest";
import { api, forget } from "./client";

it("an answer that comes after its tenant was left is not kept", async () => {
  const sent: (string | null)[] = [];
  const answer = (): Response => Response.json({ means: "none" }, { headers: { ETag: '"1"' } });
  const ask = (meanwhile = (): void => undefined): Promise<unknown> =>
    api.GET("/sedo/me", {
      fetch: async (request) => {
        sent.push(request.headers.get("If-None-Match"));
        meanwhile();
        return answer();
      },
    });
  await ask(forget);
  await ask();
  await ask();
  expect(sent).toEqual([null, null, '"1"']);
});
