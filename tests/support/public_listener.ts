/** A public listener over a real store, for tests that need no plugins. @module */
import { join } from "@std/path";
import { createReceiver, type Receipt } from "../../lib/receive/receiver.ts";
import { createRouteTable, type RouteFilters } from "../../lib/route/table.ts";
import { groupCommit } from "../../lib/store/group_commit.ts";
import { openStore } from "../../lib/store/open.ts";
import { GOLDEN_SECRET } from "../verify/golden_vectors.ts";

/** What a test may set. */
export interface PublicListenerSettings {
  now?: () => number;
  routes?: RouteFilters[];
  /** The source's, as config.json has it. Default: `/webhook`. */
  path?: string;
  maxBodyBytes?: number;
  bodyTimeoutSeconds?: number;
}

/** Starts a listener with the source `cryptosync`. Dispose of it at the end. */
export async function startPublicListener(settings: PublicListenerSettings = {}) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  const receipts: Receipt[] = [];
  const table = createRouteTable(settings.routes ?? []);
  const handler = createReceiver({
    config: {
      server: {
        hostname: "127.0.0.1",
        port: 0,
        maxBodyBytes: settings.maxBodyBytes ?? 1048576,
        bodyTimeoutSeconds: settings.bodyTimeoutSeconds ?? 10,
      },
      sources: [{
        name: "cryptosync",
        path: settings.path ?? "/webhook",
        secrets: [GOLDEN_SECRET],
        maxAgeSeconds: 300,
      }],
    },
    append: groupCommit((events) => store.append(events)),
    plan: (content, now) => table.match(content).map((match) => ({ ...match, dueAt: now })),
    now: settings.now ?? Date.now,
    observe: (receipt) => receipts.push(receipt),
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  const { port } = server.addr;
  return {
    store,
    folder,
    file: join(folder, "relay.db"),
    port,
    url: `http://127.0.0.1:${port}`,
    receipts,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
