/** What grows, and how a relay of each size is made. @module */
import { join } from "@std/path";
import { WATCHLIST } from "./ack.ts";
import { BACKLOG_ROUTES, fillBacklog, fillPast, pastId, type Report, storeIn } from "./past.ts";
import { BODY } from "./wrk.ts";

/** What there can be more of. */
export const CURVES = ["routes", "connections", "bodies", "plugins", "stored", "backlog"] as const;
/** One of {@linkcode CURVES}. */
export type Curve = typeof CURVES[number];

/** One size, and the load on it. */
export interface Size {
  /** Such as `100 routes`. */
  what: string;
  /** Default 32. */
  connections?: number;
  /** Sent in turn. Default: the usual one. */
  bodies?: readonly string[];
  /** Gives ids to requests. Default: random ones. */
  id?: () => string;
  /** Makes what it needs in a folder, and answers a relay's config. */
  config(folder: string): Promise<Record<string, unknown>>;
}

const ROUTES = [1, 10, 100, 1000];
const CONNECTIONS = [1, 8, 32, 128, 512, 1000];
const BODY_KIB = [1, 16, 64, 256, 1024];
const PLUGINS = 30;
const MOST_BACKLOG = 1_000_000;

const number = new Intl.NumberFormat("en").format;
const usual = () => Promise.resolve({ routes: WATCHLIST });

/** The sizes of a curve, from little to much; up to so many stored events. */
export function sizesOf(curve: Curve, events: number): Size[] {
  switch (curve) {
    case "routes":
      return ROUTES.map((routes) => ({
        what: `${number(routes)} routes`,
        config: () => Promise.resolve({ routes: watchlist(routes) }),
      }));
    case "connections":
      return CONNECTIONS.map((connections) => ({
        what: `${number(connections)} connections`,
        connections,
        config: usual,
      }));
    case "bodies":
      return [
        { what: `bodies of ${BODY.length} bytes`, config: usual },
        ...BODY_KIB.map((kib) => ({
          what: `bodies of ${number(kib)} KiB`,
          bodies: [bodyOf(kib * 1024)],
          config: usual,
        })),
      ];
    case "plugins":
      return [
        { what: "1 plugin, takes all", ...plugins(1, true) },
        { what: `${PLUGINS} plugins, each a share`, ...plugins(PLUGINS, true) },
        { what: "1 plugin, takes none", ...plugins(1, false) },
        { what: `${PLUGINS} plugins, take none`, ...plugins(PLUGINS, false) },
      ];
    case "stored":
      return storedSizes(events);
    case "backlog": {
      const most = Math.min(MOST_BACKLOG, events);
      return [0, most].map((deliveries) => ({
        what: `${number(deliveries)} waiting`,
        config: async (folder) => ({
          store: await filled(join(folder, `backlog-${deliveries}`), deliveries, fillBacklog),
          routes: BACKLOG_ROUTES.map((name) => ({ name, plugin: "log", fields: ["no-such-field"] })),
        }),
      }));
    }
  }
}

function storedSizes(events: number): Size[] {
  const past = (stored: number) => async (folder: string) => ({
    store: await filled(join(folder, `past-${stored}`), stored, fillPast),
    routes: WATCHLIST,
  });
  let last = Date.now() * 1e6;
  const counted = () => (last += 1024).toString(16).padStart(32, "0");
  return [
    // The least and the most in turn: what else the machine does then falls on both.
    ...[0, events / 10, events, 0, events, 0, events].map((stored) => ({
      what: `${number(stored)} stored`,
      config: past(stored),
    })),
    { what: `${number(0)}, ids in order`, id: counted, config: past(0) },
    { what: `${number(events)}, ids in order`, id: counted, config: past(events) },
    {
      what: `${number(events)}, old ids again`,
      id: () => pastId(Math.floor(Math.random() * events)),
      config: past(events),
    },
  ];
}

/** A filled store, as the config names it; with nothing to fill, an empty one of the relay's own. */
async function filled(
  folder: string,
  count: number,
  fill: (folder: string, count: number, report: Report) => Promise<void>,
): Promise<string> {
  if (count === 0) return "sqlite:./data/relay.db";
  let told = performance.now();
  await fill(folder, count, (stored) => {
    if (performance.now() - told < 5000) return;
    told = performance.now();
    console.error(`filling ${folder}: ${number(stored)} events`);
  });
  return `sqlite:${storeIn(folder)}`;
}

/** Routes none of which takes the load; no two alike. */
function watchlist(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({
    ...WATCHLIST[index % WATCHLIST.length]!,
    name: `route-${index}`,
    coins: [`coin-${index}`, `other-${index}*`],
  }));
}

/** So many plugins, each with a route; together they take all events, or none. */
function plugins(count: number, take: boolean): Pick<Size, "bodies" | "config"> {
  const names = Array.from({ length: count }, (_, index) => `plugin-${index}`);
  return {
    bodies: Array.from({ length: PLUGINS }, (_, index) => bodyWith((data) => data.id = `coin-${index}`)),
    async config(folder) {
      const pluginsDir = join(folder, `plugins-${count}`);
      await Deno.mkdir(pluginsDir, { recursive: true });
      for (const name of names) {
        await Deno.writeTextFile(join(pluginsDir, `${name}.ts`), "export default { run() {} };\n");
      }
      const routes = names.map((name, index) => ({
        name,
        plugin: name,
        coins: [take ? count === 1 ? "*" : `coin-${index}` : `other-${index}`],
      }));
      return { pluginsDir, routes };
    },
  };
}

/** A change whose value makes the body so many bytes long. */
function bodyOf(bytes: number): string {
  const filledWith = (value: string) => bodyWith((data) => data.changes[0]!.new_value = value);
  return filledWith("x".repeat(bytes - filledWith("").length));
}

interface Data {
  id: string;
  changes: { new_value: string }[];
}

function bodyWith(change: (data: Data) => void): string {
  const payload = JSON.parse(BODY) as { data: Data };
  change(payload.data);
  return JSON.stringify(payload);
}
