/** Work on many things, some at a time. */

/** Works on all items, at most `most` at a time, in their order, until it is told to stop. `work` throws nothing. */
export async function forEach<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>, isStopped: () => boolean): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < items.length && !isStopped()) {
      const item = items[next++] as T;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, one));
}
