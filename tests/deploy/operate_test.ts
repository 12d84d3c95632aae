/** What docs/operate.md promises, under load. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { openStore } from "../../lib/store/open.ts";
import { runCommand } from "../commands/run_command.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, type RelayProcess } from "../support/relay_process.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";
import { startProviderLoad } from "./provider_load.ts";

const OLD = "whsec_the_old_secret_0123456789";
const NEW = "whsec_the_new_secret_0123456789";
/** Events that are sent between two steps. */
const SOME = 50;

const source = (...secrets: string[]) => ({ sources: [{ name: "cryptosync", path: "/webhook", secrets }] });

/** A relay that hands each event to a receiver. */
async function startRelay(...secrets: string[]) {
  const receiver = startReceiver();
  const folder = await createRelayFolder({
    config: {
      ...source(...secrets),
      routes: [{ name: "out", plugin: "http", events: ["cg.*"], options: { url: receiver.url } }],
    },
  });
  let relay: RelayProcess = await folder.start();
  return {
    folder,
    receiver,
    relay: () => relay,
    async startAgain() {
      relay = await folder.start();
    },
    async setSecrets(...now: string[]) {
      const before = relay.lines.length;
      await folder.writeConfig(source(...now));
      await until(
        "the config is in force",
        () => relay.lines.slice(before).some(({ message }) => message === "the changed config is in force"),
      );
    },
    /** The numbers of the events that have arrived. */
    arrived: () => receiver.received.map(({ text }) => Number(/"coin-(\d+)"/.exec(text)![1])),
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

Deno.test("a secret is rotated under load: nothing is refused, and each event arrives once", async () => {
  await using at = await startRelay(OLD);
  let secret = OLD;
  const load = startProviderLoad(() => at.relay().url, () => secret);
  await load.more(SOME);
  await at.setSecrets(NEW, OLD);
  await load.more(SOME);
  secret = NEW;
  await load.more(SOME);
  await load.more(at.receiver.received.length); // what was signed with the old one has long arrived
  await at.setSecrets(NEW);
  await load.more(SOME);
  const sent = await load.end();
  assertEquals(load.refused, []);
  await until("all have arrived", () => at.receiver.received.length >= sent);
  assertEquals(sorted(at.arrived()), upTo(sent));
  const old = await fetch(`${at.relay().url}/webhook`, signedRequest({ secret: OLD }));
  assertEquals((await old.json()).reason, "bad_signature");
});

Deno.test("a secret that the provider changes first is refused for a while, and nothing is lost all the same", async () => {
  await using at = await startRelay(OLD);
  let secret = OLD;
  const load = startProviderLoad(() => at.relay().url, () => secret);
  await load.more(SOME);
  secret = NEW;
  await until("some are refused", () => load.refused.length > SOME);
  await at.setSecrets(NEW, OLD);
  await load.more(SOME);
  const sent = await load.end();
  assert(load.refused.every((status) => status === 401));
  await until("all have arrived", () => at.receiver.received.length >= sent);
  assertEquals(sorted(at.arrived()), upTo(sent));
});

Deno.test("a backup under load holds all that was accepted before it, and is a store to go on with", async () => {
  await using at = await startRelay(OLD);
  const load = startProviderLoad(() => at.relay().url, () => OLD);
  await load.more(SOME);
  const before = [...load.accepted];
  const copy = join(at.folder.folder, "copy.db");
  const { code, stderr } = await runCommand(["backup", "--config", at.folder.configFile, copy]);
  assertEquals([code, stderr], [0, ""]);
  await load.more(SOME);

  await at.relay().kill();
  const data = join(at.folder.folder, "data");
  for (const { name } of Deno.readDirSync(data)) await Deno.remove(join(data, name), { recursive: true });
  await Deno.copyFile(copy, join(data, "relay.db"));
  at.receiver.received.splice(0);
  await at.startAgain();
  await load.more(SOME); // the provider has tried again meanwhile
  await load.end();

  const store = await openStore("sqlite:./data/relay.db", at.folder.folder, { shared: true });
  const open = () => store.deliveries({ states: ["pending", "running"] }, { limit: 1 });
  await until("every delivery is done", async () => (await open()).length === 0);
  const events = await store.events({ source: "cryptosync" }, { limit: 100_000, after: 0 });
  const done = await store.deliveries({ states: ["done"], routes: ["out"] }, { limit: 100_000 });
  await store.close();
  const ids = new Set(events.map(({ id }) => id));
  assertEquals(before.filter((number) => !ids.has(`evt-${number}`)), [], "accepted before the backup");
  const acted = new Set(done.map(({ event }) => event));
  assertEquals(events.filter(({ seq }) => !acted.has(seq)).map(({ id }) => id), []);
});
