import { assertEquals, assertRejects } from "@std/assert";
import type { Register } from "../contract.ts";

export function takingTurns(test: Register): void {
  test("exclusively: one turn in its time, each task for itself", async (store) => {
    const ran: string[] = [];
    const run = (task: string, now: number) =>
      store.exclusively(task, now, 1000, () => {
        ran.push(`${task} ${now}`);
        return Promise.resolve();
      });
    assertEquals(await run("sweep", 5000), true);
    assertEquals(await run("sweep", 5999), false);
    assertEquals(await run("digest", 5999), true);
    assertEquals(await run("sweep", 6000), true);
    assertEquals(ran, ["sweep 5000", "digest 5999", "sweep 6000"]);
  });

  test("exclusively: nobody else while it runs", async (store) => {
    const running = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = store.exclusively("sweep", 5000, 60_000, () => {
      begun.resolve();
      return running.promise;
    });
    await begun.promise;
    assertEquals(
      await store.exclusively("sweep", 5001, 60_000, () => Promise.reject(new Error("ran"))),
      false,
    );
    running.resolve();
    assertEquals(await first, true);
  });

  test("exclusively: a failure is the caller's, and the next turn is as far off", async (store) => {
    const failing = () => Promise.reject(new Error("broken"));
    await assertRejects(() => store.exclusively("sweep", 5000, 1000, failing), Error, "broken");
    assertEquals(await store.exclusively("sweep", 5500, 1000, failing), false);
    assertEquals(await store.exclusively("sweep", 6000, 1000, () => Promise.resolve()), true);
  });

  test("exclusively: a clock that is set back an hour does not hold a task up", async (store) => {
    assertEquals(await store.exclusively("sweep", 7_200_000, 1000, () => Promise.resolve()), true);
    assertEquals(await store.exclusively("sweep", 3_600_000, 1000, () => Promise.resolve()), true);
  });
}
