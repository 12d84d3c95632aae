/**
 * How many events a second one, two and three relays on one PostgreSQL take and act on, all on this machine, the senders,
 * the receiver and the database too. `deno run -A --import-map=.imports.json tests/cluster/throughput.ts [EVENTS]`
 *
 * @module
 */
import { table } from "../../lib/commands/terminal.ts";
import { openStore } from "../../lib/store/open.ts";
import { withPostgres } from "../support/postgres.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, SECRET } from "../support/relay_process.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";
import { nameChange } from "./provider.ts";

/** Requests on their way at a time. */
const IN_FLIGHT = 64;

interface Figures {
  /** Events answered with 200, a second. */
  taken: number;
  /** The time within which half, and nearly all, of them were answered, in milliseconds. */
  median: number;
  p99: number;
  /** Deliveries done, a second, from the first event to the last delivery. */
  done: number;
}

async function measure(url: string, relays: number, events: number, order: "any" | "coin"): Promise<Figures> {
  await using receiver = startReceiver();
  const route = {
    ...{ name: "out", plugin: "http", options: { url: receiver.url }, events: ["cg.*"] },
    ...{ concurrency: 16, order },
  };
  const folders = await Promise.all(
    Array.from({ length: relays }, () => createRelayFolder({ config: { store: url, routes: [route] } })),
  );
  const running = await Promise.all(folders.map((folder) => folder.start()));
  const store = await openStore(url, "/", { shared: true });
  const requests = Array.from(
    { length: events },
    (_, index) => signedRequest({ id: `e${index}`, body: nameChange(`coin-${index % 500}`), secret: SECRET }),
  );
  const took: number[] = [];
  const began = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    for (let index = next++; index < events; index = next++) {
      const sent = performance.now();
      const response = await fetch(`${running[index % relays]!.url}/webhook`, requests[index]);
      await response.body?.cancel();
      if (response.status !== 200) throw new Error(`Answered with ${response.status}`);
      took.push(performance.now() - sent);
    }
  }));
  const taken = performance.now() - began;
  await until("all are done", async () => {
    const counts = await store.counts();
    return counts.every(({ state }) => state === "done") && counts.some(({ count }) => count === events);
  }, 600_000);
  const done = performance.now() - began;
  await store.close();
  for (const relay of running) await relay.stop();
  for (const folder of folders) await folder[Symbol.asyncDispose]();
  took.sort((a, b) => a - b);
  return {
    taken: events * 1000 / taken,
    median: took[Math.floor(events / 2)]!,
    p99: took[Math.floor(events * 0.99)]!,
    done: events * 1000 / done,
  };
}

if (import.meta.main) {
  const events = Number(Deno.args[0] ?? 5000);
  await withPostgres(async (postgres) => {
    const rows = [["relays", "order", "taken/s", "median ms", "p99 ms", "done/s"]];
    for (const order of ["any", "coin"] as const) {
      for (const relays of [1, 2, 3]) {
        const { taken, median, p99, done } = await measure(
          postgres.url(`t_${order}_${relays}`),
          relays,
          events,
          order,
        );
        rows.push([String(relays), order, ...[taken, median, p99, done].map((figure) => figure.toFixed(0))]);
      }
    }
    console.log(
      `${events} events, ${IN_FLIGHT} at a time, ${navigator.hardwareConcurrency} cores for all of it`,
    );
    console.log(table(rows));
  });
  Deno.exit();
}
