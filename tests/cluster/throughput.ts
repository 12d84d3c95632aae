/**
 * How many events a second one, two and three relays on one PostgreSQL take and act on, all on this machine, the senders,
 * the receiver and the database too; and, since these share its cores, how much of a core an event costs each, and of the disk:
 * `deno run -A --import-map=.imports.json tests/cluster/throughput.ts [EVENTS [SHARE]]`
 *
 * With SHARE, each relay and its plugins get no more than that much of a core, as if on a small machine of their own; that
 * takes root and the kernel's `cpu` control groups (version 1).
 *
 * @module
 */
import { table } from "../../lib/commands/terminal.ts";
import { openStore } from "../../lib/store/open.ts";
import { type Postgres, withPostgres } from "../support/postgres.ts";
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
  /** Processor time of an event, in milliseconds: of the database, and of the relays with their plugins. */
  database: number;
  relays: number;
  /** What an event, its delivery and its attempt take in the database, with all indexes, in bytes. */
  bytes: number;
}

async function measure(
  postgres: Postgres,
  url: string,
  relays: number,
  events: number,
  order: "any" | "coin",
  share: number | null,
): Promise<Figures> {
  await using receiver = startReceiver();
  const route = {
    ...{ name: "out", plugin: "http", options: { url: receiver.url }, events: ["cg.*"] },
    ...{ concurrency: 16, order },
  };
  await using folders = new AsyncDisposableStack(); // and the relays in them, whatever happens
  const running = await Promise.all(Array.from({ length: relays }, async () => {
    const folder = folders.use(await createRelayFolder({ config: { store: url, routes: [route] } }));
    return await folder.start();
  }));
  using confined = new DisposableStack();
  if (share !== null) { for (const { pid } of running) confined.use(confine(pid, share)); }
  const store = await openStore(url, "/", { shared: true });
  const requests = Array.from(
    { length: events },
    (_, index) => signedRequest({ id: `e${index}`, body: nameChange(`coin-${index % 500}`), secret: SECRET }),
  );
  const before = {
    database: processorMs(postgres.pid()),
    relays: sumOf(running.map(({ pid }) => processorMs(pid))),
  };
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
  const after = {
    database: processorMs(postgres.pid()),
    relays: sumOf(running.map(({ pid }) => processorMs(pid))),
  };
  await store.close();
  for (const relay of running) await relay.stop();
  took.sort((a, b) => a - b);
  return {
    taken: events * 1000 / taken,
    median: took[Math.floor(events / 2)]!,
    p99: took[Math.floor(events * 0.99)]!,
    done: events * 1000 / done,
    database: (after.database - before.database) / events,
    relays: (after.relays - before.relays) / events,
    bytes: Number(await postgres.psql(sizeOf(url))) / events,
  };
}

/** Asks for the size of all tables of a store. */
function sizeOf(url: string): string {
  return `SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'
    AND relnamespace = '${new URL(url).searchParams.get("schema")}'::regnamespace`;
}

/** Gives a process and those that it started, or will start, no more than a share of a core together. */
function confine(pid: number, share: number): Disposable {
  const group = `/sys/fs/cgroup/cpu/coinrelay-${pid}`;
  Deno.mkdirSync(group);
  Deno.writeTextFileSync(`${group}/cpu.cfs_period_us`, "20000");
  Deno.writeTextFileSync(`${group}/cpu.cfs_quota_us`, String(Math.round(20_000 * share)));
  for (const { id } of family(pid)) Deno.writeTextFileSync(`${group}/cgroup.procs`, String(id));
  return { [Symbol.dispose]: () => Deno.removeSync(group) };
}

const sumOf = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);

/** Processor time so far of a process and those that it started, in milliseconds. Linux counts in hundredths. */
function processorMs(pid: number): number {
  return 10 * sumOf(family(pid).map(({ ticks }) => ticks));
}

interface Process {
  id: number;
  parent: number;
  /** Processor time, that of children that have ended among it. */
  ticks: number;
}

/** A process and those that it started. */
function family(pid: number): Process[] {
  const all = [...Deno.readDirSync("/proc")].flatMap(({ name }): Process[] => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // After the program's name in brackets: state, parent, …, user and system time, and those of ended children.
      const rest = Deno.readTextFileSync(`/proc/${name}/stat`).split(") ").at(-1)!.split(" ");
      return [{ id: Number(name), parent: Number(rest[1]), ticks: sumOf(rest.slice(11, 15).map(Number)) }];
    } catch {
      return []; // it has ended
    }
  });
  const from = (
    one: Process,
  ): Process[] => [one, ...all.filter(({ parent }) => parent === one.id).flatMap(from)];
  return all.filter(({ id }) => id === pid).flatMap(from);
}

if (import.meta.main) {
  const events = Number(Deno.args[0] ?? 5000);
  const share = Deno.args[1] === undefined ? null : Number(Deno.args[1]);
  await withPostgres(async (postgres) => {
    const heading = "relays,order,taken/s,median ms,p99 ms,done/s,database ms,relays ms,bytes";
    const rows = [heading.split(",")];
    for (const order of ["any", "coin"] as const) {
      for (const relays of [1, 2, 3]) {
        const url = postgres.url(`t_${order}_${relays}`);
        const found = await measure(postgres, url, relays, events, order, share);
        const whole = [found.taken, found.median, found.p99, found.done].map((figure) => figure.toFixed(0));
        rows.push([
          String(relays),
          order,
          ...whole,
          found.database.toFixed(2),
          found.relays.toFixed(2),
          found.bytes.toFixed(0),
        ]);
      }
    }
    console.log(
      `${events} events, ${IN_FLIGHT} at a time, ${navigator.hardwareConcurrency} cores for all of it` +
        (share === null ? "" : `, each relay confined to ${share} of one`),
    );
    console.log(table(rows));
  });
  Deno.exit();
}
