import { assert, assertEquals } from "@std/assert";
import { type Service, serviceOf, speakFor } from "../../lib/launch/service_manager.ts";
import { until } from "../support/until.ts";

Deno.test("only a process that systemd wants to hear from speaks with it", () => {
  assertEquals(serviceOf({}), null);
  assertEquals(serviceOf({ NOTIFY_SOCKET: "" }), null);
  assertEquals(serviceOf({ NOTIFY_SOCKET: "/run/x" }), { watchdogMs: null });
  assertEquals(serviceOf({ NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "0" }), { watchdogMs: null });
  assertEquals(serviceOf({ NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "60000000" }), { watchdogMs: 60_000 });
});

/** Somebody who speaks for a relay with systemd, until the test is over. */
interface Speaker {
  /** What systemd was told. */
  words(): Promise<string[]>;
  /** Has the relay listen and answer so; null: it does not listen. */
  answer(status: number | null): Promise<void>;
  /** Whether systemd can be told anything. */
  canTell(can: boolean): Promise<void>;
  /** How often the relay was asked. */
  asked(): number;
  /** Ends the relay. */
  end(): void;
  /** Whether nothing more is said. */
  over(): boolean;
  /** Waits that were asked for, in milliseconds. */
  pauses: number[];
}

/** Speaks for a relay that does not listen yet. */
async function speaking(service: Service, use: (speaker: Speaker) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const told = `${folder}/told`;
  const command = `${folder}/systemd-notify`;
  const canTell = async (can: boolean) => {
    await Deno.writeTextFile(
      `${command}.new`,
      can ? `#!/bin/sh\necho "$1" >> ${told}\n` : "#!/bin/sh\nexit 1\n",
      {
        mode: 0o755,
      },
    );
    await Deno.rename(`${command}.new`, command); // nobody runs half of it
  };
  await canTell(true);
  const [path, { setTimeout }] = [Deno.env.get("PATH")!, globalThis];
  Deno.env.set("PATH", `${folder}:${path}`);
  const pauses: number[] = [];
  globalThis.setTimeout = Object.assign((...given: Parameters<typeof setTimeout>) => {
    pauses.push(given[1] ?? 0);
    return setTimeout(...given);
  }, setTimeout);

  let [status, asked, over] = [503, 0, false];
  const listen = (port: number) =>
    Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, () => {
      asked++;
      return new Response("{}", { status });
    });
  const first = listen(0);
  const { port } = first.addr;
  let server: typeof first | null = first;
  const ended = Promise.withResolvers<void>();
  const answer = async (next: number | null) => {
    if (next === null) [server] = [null, await server?.shutdown()];
    else [status, server] = [next, server ?? listen(port)];
  };
  await answer(null);
  const spoken = speakFor(`http://127.0.0.1:${port}`, service, ended.promise).then(() => over = true);
  try {
    await use({
      words: async () => (await Deno.readTextFile(told).catch(() => "")).split("\n").slice(0, -1),
      answer,
      canTell,
      asked: () => asked,
      end: ended.resolve,
      over: () => over,
      pauses,
    });
  } finally {
    await answer(200); // whoever waits for it
    ended.resolve();
    await spoken;
    await answer(null);
    globalThis.setTimeout = setTimeout;
    Deno.env.set("PATH", path);
    await Deno.remove(folder, { recursive: true });
  }
}

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "systemd is told when the relay is ready, and then as long as it answers",
  ignore,
  fn: () =>
    speaking({ watchdogMs: 63 }, async ({ words, answer, asked, pauses }) => {
      const heartbeats = () => pauses.filter((ms) => ms === 21).length; // three in each period
      await until("it waits for a relay that does not listen", () => pauses.includes(100));
      assertEquals(await words(), []);
      await answer(503);
      await until("it asked again", () => asked() > 1);
      assertEquals(await words(), [], "not ready yet");
      await answer(200);
      await until("it is ready and lives", async () => (await words()).length > 3);
      assertEquals([...new Set(await words())], ["--ready", "WATCHDOG=1"]);
      assert(heartbeats() > 0);
      for (const silent of [500, null]) {
        await answer(silent);
        await until("it falls silent", async () => {
          const [before, paused] = [(await words()).length, heartbeats()];
          await until("it looked twice", () => heartbeats() > paused + 2);
          return (await words()).length === before;
        });
      }
      assertEquals((await words()).filter((word) => word === "--ready").length, 1);
    }),
});

Deno.test({
  name: "what systemd could not be told for a while it is told then",
  ignore,
  fn: () =>
    speaking({ watchdogMs: 63 }, async ({ words, answer, canTell, pauses }) => {
      const heartbeats = () => pauses.filter((ms) => ms === 21).length;
      await canTell(false);
      await answer(200);
      await until("it tries again", () => pauses.includes(1000));
      assertEquals(await words(), []);
      await canTell(true);
      await until("it is ready", async () => (await words()).includes("--ready"));
      await canTell(false);
      const before = heartbeats();
      await until("it has tried twice", () => heartbeats() > before + 2);
      await canTell(true);
      const said = (await words()).length;
      await until("it lives", async () => (await words()).length > said);
    }),
});

Deno.test({
  name: "where systemd has no watchdog it is told that the relay is ready, and no more",
  ignore,
  fn: () =>
    speaking({ watchdogMs: null }, async ({ words, answer, over }) => {
      await answer(200);
      await until("all is said", over);
      assertEquals(await words(), ["--ready"]);
    }),
});

Deno.test({
  name:
    "of a relay that has ended nothing is said, whether it was ready or not, however long the watchdog's period",
  ignore,
  async fn() {
    await speaking({ watchdogMs: 30 }, async ({ words, end, over }) => {
      end();
      await until("nothing more is said", over);
      assertEquals(await words(), []);
    });
    await speaking({ watchdogMs: 3_600_000 }, async ({ words, answer, end, over, pauses }) => {
      await answer(200);
      await until("it waits to speak again", () => pauses.includes(1_200_000));
      end();
      await until("nothing more is said", over);
      assertEquals(await words(), ["--ready"]);
    });
  },
});
