import { openStore } from "../../lib/store/open.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";
import { configSchema } from "../../lib/config/schema.ts";
import { anEvent, planned } from "../store/fixtures.ts";
import { DONE } from "./fixtures.ts";
import { until } from "../support/until.ts";

const LEASE_VARIABLE = "COINRELAY_LEASE_SECONDS";
Deno.env.set(LEASE_VARIABLE, "1"); // the dispatcher looks by itself four times in it
const { createDispatcher } = await import("../../lib/dispatch/dispatcher.ts");
Deno.env.delete(LEASE_VARIABLE);

Deno.test("what fell due while the machine was suspended, and its timers with it, is made soon after", async () => {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  let suspendedFor = 0, asked = false;
  const now = () => Date.now() + suspendedFor;
  const dispatcher = createDispatcher({
    store: {
      async claim(request) {
        const answer = await store.claim(request);
        asked = answer.nextDueAt !== null;
        return answer;
      },
      renew: store.renew.bind(store),
      settle: store.settle.bind(store),
      kvGet: store.kvGet.bind(store),
      kvList: store.kvList.bind(store),
    },
    runner: {
      run: () => Promise.resolve(DONE),
      readyAt: () => 0,
    },
    plan: () => [],
    relay: "relay-1",
    now,
    random: () => 0.5,
    observe: () => {},
    onFault: () => {},
  });
  await store.append([anEvent("a", { deliveries: [planned("a", now() + 3_600_000)] })]);
  dispatcher.configure(resolveRoutes(
    configSchema.parse({
      sources: [{ name: "s", path: "/webhook", secrets: ["whsec_of_the_test"] }],
      routes: [{ name: "a", plugin: "a" }],
    }),
    [],
  ));
  await until("it knows when it falls due", () => asked);
  suspendedFor = 3_600_000;
  await until(
    "it is made",
    async () => (await store.deliveries({ states: ["done"] }, { limit: 1 })).length > 0,
  );
  await dispatcher.stop(0);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});
