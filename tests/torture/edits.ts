/** A plugin that is edited again and again under load: which version acted on each event, and the relay's memory. @module */
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, type RelayProcess } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

/** What is asked for. */
export interface EditsSettings {
  /** How often the plugin is edited; each third time it is broken. */
  edits: number;
  /** Memory is looked at after each so many edits. Default: 50. */
  every?: number;
  /** How long the relay is left alone at the end before its memory is looked at once more. Default: 90 s. */
  restMs?: number;
  /** Resident memory may differ by so many MiB without having grown. Default: 32. */
  noise?: number;
  onProgress?(text: string): void;
}

/** The relay's memory, in MiB. */
export interface RelayMemory {
  resident: number;
  /** Of it, what is neither a file's nor shared. */
  anonymous: number;
  /** JavaScript's, as the relay tells. */
  heapUsed: number;
  heapTotal: number;
  external: number;
}

/** What came of it. */
export interface EditsReport {
  edits: number;
  broken: number;
  /** Events that were accepted. */
  events: number;
  /** Versions that acted on an event. */
  versions: number;
  seconds: number;
  /** Before the first edit, under the same load. */
  before: RelayMemory;
  /** While edits go on, and the number of edits until then. */
  during: (RelayMemory & { edits: number })[];
  /** After the rest. */
  after: RelayMemory;
  /** Events that were not acted on once, or by a version that was not valid then; memory that has grown. */
  faults: string[];
}

/** Events on their way at a time. */
const SENDERS = 2;
const PAUSE_MS = 10;
/** So many events are acted on before memory is looked at for the first time. */
const WARM = 500;
const PATIENCE_MS = 300_000;

/** Does it. */
export async function editPlugin(settings: EditsSettings): Promise<EditsReport> {
  const { edits, every = 50, restMs = 90_000, noise = 32, onProgress = () => {} } = settings;
  /** By event: the versions that acted on it. */
  const acted = new Map<string, number[]>();
  /** By event: the newest version that had acted when it was sent. */
  const oldest = new Map<string, number>();
  let newest = 0;
  await using receiver = startReceiver(({ headers }) => {
    receiver.received.length = 0;
    const event = headers["x-event"]!, version = Number(headers["x-version"]);
    acted.set(event, [...acted.get(event) ?? [], version]);
    newest = Math.max(newest, version);
    return new Response();
  });
  const source = (version: number) =>
    `export default {
    async run({ id }, { fetch }) {
      const headers = { "x-event": id, "x-version": "${version}" };
      await (await fetch("${receiver.url}", { headers })).body?.cancel();
    },
  };`;
  const file = "edited.ts";
  await using folder = await createRelayFolder({
    plugins: { [file]: source(0) },
    config: {
      routes: [{ name: "edited", plugin: "edited", allow: { net: [receiver.url.slice("http://".length)] } }],
    },
  });
  const relay = await folder.start();

  const valid = new Set([0]);
  const faults: string[] = [];
  let over = false;
  const load = Array.from({ length: SENDERS }, async () => {
    while (!over) {
      const id = crypto.randomUUID();
      oldest.set(id, newest);
      const said = await relay.send({ id });
      if (said !== "accepted") faults.push(`an event was answered ${said}`);
      await pause(PAUSE_MS);
    }
  });
  const write = (text: string) => Deno.writeTextFile(`${folder.pluginsDir}/${file}`, text);
  const refusals = () =>
    relay.lines.filter(({ message }) => message.includes("the version before it goes on"));

  await until("events are acted on", () => acted.size >= WARM, PATIENCE_MS);
  await memoryOf(relay); // the first question loads what answers it
  const before = await memoryOf(relay);
  const during: EditsReport["during"] = [];
  const began = performance.now();
  let broken = 0;
  for (let n = 1; n <= edits; n++) {
    relay.lines.length = relay.said.length = 0;
    if (n % 3 === 0) {
      broken++;
      await write(`export default { run( // broken ${n}`);
      await until(`edit ${n} is refused`, () => refusals().length > 0, PATIENCE_MS);
    } else {
      valid.add(n);
      await write(source(n));
      await until(`edit ${n} is in force`, () => newest === n, PATIENCE_MS);
    }
    if (n % every === 0) during.push({ edits: n, ...await memoryOf(relay) });
    onProgress(`${n} of ${edits} edits, ${oldest.size} events`);
  }
  const seconds = Math.round((performance.now() - began) / 1000);
  over = true;
  await Promise.all(load);
  await until("each event is acted on", () => acted.size >= oldest.size, PATIENCE_MS);
  onProgress("the relay rests");
  await pause(restMs);
  const after = await memoryOf(relay);

  for (const [id, least] of oldest) {
    const by = acted.get(id)!;
    if (by.length !== 1) faults.push(`event ${id} was acted on by the versions ${by.join(", ")}`);
    else if (!valid.has(by[0]!)) faults.push(`event ${id} was acted on by version ${by[0]}, which is broken`);
    else if (by[0]! < least) {
      faults.push(`event ${id} was acted on by version ${by[0]}, when ${least} was in force`);
    }
  }
  faults.push(...growthOf(before, during, after, noise));
  if (await relay.stop() !== 0) faults.push("the relay did not stop in order");
  const versions = new Set([...acted.values()].flat()).size;
  return { edits, broken, events: oldest.size, versions, seconds, before, during, after, faults };
}

/** Memory that goes on growing while edits do, or does not come back after them. */
function growthOf(
  before: RelayMemory,
  during: readonly RelayMemory[],
  after: RelayMemory,
  noise: number,
): string[] {
  const half = Math.floor(during.length / 2);
  const [first, second] = [during.slice(0, half), during.slice(half)].map((part) =>
    medianOf(part.map(({ resident }) => resident))
  );
  const grown = (from: number, to: number) => to - from > noise ? `${from} to ${to} MiB` : null;
  const [going, left, heap] = [
    half === 0 ? null : grown(first!, second!),
    grown(before.resident, after.resident),
    grown(before.heapUsed, after.heapUsed),
  ];
  return [
    ...going === null
      ? []
      : [`resident memory grew from the first half of the edits to the second, ${going}`],
    ...left === null ? [] : [`resident memory grew over the edits, ${left}`],
    ...heap === null ? [] : [`what JavaScript holds grew over the edits, ${heap}`],
  ];
}

const medianOf = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** What the relay and, of its process, the system tell. */
async function memoryOf({ pid, adminUrl }: RelayProcess): Promise<RelayMemory> {
  const told = await (await fetch(new URL("/metrics", adminUrl))).text();
  const smaps = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(smaps)?.[1]);
  const bytes = (kind: string) =>
    Number(new RegExp(`^coinrelay_memory_bytes{kind="${kind}"} (\\d+)`, "m").exec(told)?.[1]);
  return {
    resident: mib(kib("Rss") * 1024),
    anonymous: mib(kib("Anonymous") * 1024),
    heapUsed: mib(bytes("heapUsed")),
    heapTotal: mib(bytes("heapTotal")),
    external: mib(bytes("external")),
  };
}

const mib = (bytes: number) => Math.round(bytes / 2 ** 20 * 10) / 10;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
