import { expect, it } from "vitest";
import { forEach } from "./pool";

it("works on every item once, and on so many at a time", async () => {
  const done: number[] = [];
  let now = 0;
  let most = 0;
  const work = async (item: number): Promise<void> => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now -= 1;
    done.push(item);
  };
  await forEach([1, 2, 3, 4, 5], 2, work, () => false);
  expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

it("begins nothing more once it is told to stop", async () => {
  const done: number[] = [];
  await forEach([1, 2, 3], 1, async (item) => void done.push(item), () => done.length === 2);
  expect(done).toEqual([1, 2]);
});
