/** Does many at once, so that one that fails by itself takes no other with it. @module */
import { StoreUnavailable } from "./contract.ts";

/**
 * Does all of `items` together, and answers what became of each, in their order. When that fails for another cause than
 * the store ({@linkcode StoreUnavailable}), one of them is at fault: each is tried by itself, until the store fails.
 */
export async function together<Item, Result>(
  items: readonly Item[],
  act: (items: readonly Item[]) => Promise<readonly Result[]>,
): Promise<PromiseSettledResult<Result>[]> {
  try {
    return (await act(items)).map((value) => ({ status: "fulfilled", value }));
  } catch (reason) {
    if (items.length === 1 || reason instanceof StoreUnavailable) {
      return items.map(() => ({ status: "rejected", reason }));
    }
    const results: PromiseSettledResult<Result>[] = [];
    for (const item of items) {
      const before = results.at(-1);
      const isAway = before?.status === "rejected" && before.reason instanceof StoreUnavailable;
      results.push(...isAway ? [before] : await together([item], act));
    }
    return results;
  }
}

/** Tells each caller what became of its own. */
export function tellEach<Result>(
  callers: readonly { resolve(result: Result): void; reject(error: unknown): void }[],
  results: readonly PromiseSettledResult<Result>[],
): void {
  callers.forEach(({ resolve, reject }, index) => {
    const result = results[index]!;
    if (result.status === "fulfilled") resolve(result.value);
    else reject(result.reason);
  });
}
