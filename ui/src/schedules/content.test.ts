import { expect, it } from "vitest";
import type { Schedule } from "~/api/types";
import { contentOf, draftOf, emptyDraft, intervalInWords, zones } from "./content";

const STORED: Schedule = {
  name: "nightly",
  title: "Nightly",
  description: "",
  definition: "report",
  version: 3,
  cron: "0 2 * * *",
  zone: "Europe/Berlin",
  every: null,
  overlap: "skip",
  paused: false,
  next: [],
  last: null,
  skippedAt: null,
  problem: null,
  changedAt: "2026-01-31T09:00:00.000Z",
  changedBy: null,
  input: { day: "today" },
  actions: {} as Schedule["actions"],
};

it("sends what it has read, if nobody changes it", () => {
  expect(contentOf(draftOf(STORED, "UTC"), { day: "today" })).toEqual({
    title: "Nightly",
    description: "",
    definition: "report",
    version: 3,
    cron: "0 2 * * *",
    zone: "Europe/Berlin",
    overlap: "skip",
    input: { day: "today" },
  });
});

it("sends one plan alone, whatever is written of the other", () => {
  const draft = { ...emptyDraft("Asia/Tokyo", "d"), plan: "every" as const, every: " PT5M " };
  expect(contentOf(draft, {})).toMatchObject({ every: "PT5M", version: null, overlap: "allow" });
  expect(contentOf(draft, {})).not.toHaveProperty("cron");
  expect(contentOf({ ...draft, plan: "cron", zone: "" }, {})).toMatchObject({ cron: "0 9 * * *", zone: "UTC" });
});

it("keeps the zone of the browser for a schedule that had an interval", () => {
  const stored = { ...STORED, cron: null, zone: null, every: "P1D", version: null };
  expect(draftOf(stored, "Asia/Tokyo")).toMatchObject({ plan: "every", every: "P1D", zone: "Asia/Tokyo", version: "" });
});

it("offers each zone once, UTC first", () => {
  expect(zones()[0]).toBe("UTC");
  expect(new Set(zones()).size).toBe(zones().length);
});

it("says an interval as people do, and leaves what it does not know as it is", () => {
  expect(["PT15M", "P1D", "PT1H30M", "P2W", "P1DT0H5M", "P1M", "now"].map(intervalInWords)).toEqual(["15 min", "1 d", "1 h 30 min", "2 wk", "1 d 5 min", "P1M", "now"]);
});
