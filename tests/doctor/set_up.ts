/** A relay's folder in which everything is as it should be, until a test breaks it, and what the doctor says of it. @module */
import { assert } from "@std/assert";
import { join } from "@std/path";
import type { Finding } from "../../lib/doctor/finding.ts";
import { openStore } from "../../lib/store/open.ts";
import { runCommand } from "../commands/run_command.ts";

/** A signing secret of the right form. */
export const SECRET = "whsec_0123456789abcdef0123456789abcdef";

/** A set-up, to be broken. */
export interface SetUp {
  folder: string;
  path(...names: string[]): string;
  /** Replaces parts of config.json. */
  config(changes: Record<string, unknown>): Promise<void>;
  /** What the doctor finds wrong; fails the test when `--json` is not what it prints. */
  doctor(...args: string[]): Promise<Findings>;
}

/** What the doctor found. */
export interface Findings {
  code: number;
  all: Finding[];
  /** As `check: text → remedy`. */
  wrong: string[];
  notes: string[];
}

/** A config without faults. */
const CONFIG = {
  server: { hostname: "127.0.0.1", port: 0 },
  admin: { hostname: "127.0.0.1", port: 0 },
  sources: [{ name: "cryptosync", secrets: ["${CRYPTOSYNC_WEBHOOK_SECRET}"] }],
};

/** Makes a sound set-up with an empty store and one plugin, and removes it after `use`. */
export async function withSetUp(use: (setUp: SetUp) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-doctor-" });
  const path = (...names: string[]) => join(folder, ...names);
  const clock = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response());
  const config = (changes: Record<string, unknown>) =>
    Deno.writeTextFile(path("config.json"), JSON.stringify({ ...CONFIG, ...changes }));
  try {
    await Deno.mkdir(path("plugins"));
    await Deno.writeTextFile(path("plugins", "quiet.ts"), 'export default { fields: ["name"], run() {} };');
    await Deno.writeTextFile(path(".env"), `CRYPTOSYNC_WEBHOOK_SECRET=${SECRET}\n`, { mode: 0o600 });
    await config({});
    await (await openStore("sqlite:./data/relay.db", folder)).close();
    await use({
      folder,
      path,
      config,
      async doctor(...args) {
        const clockUrl = `http://127.0.0.1:${clock.addr.port}/`;
        const { code, stdout, stderr } = await runCommand(
          [
            "doctor",
            "--config",
            path("config.json"),
            "--json",
            ...args.includes("--clock-url") ? [] : ["--clock-url", clockUrl],
            ...args,
          ],
        );
        assert(stdout.startsWith("{"), stdout + stderr);
        assert(!(stdout + stderr).includes(SECRET), "the doctor shows no secret");
        const { findings } = JSON.parse(stdout) as { findings: Finding[] };
        const lines = (verdict: Finding["verdict"]) =>
          findings.filter((one) => one.verdict === verdict)
            .map(({ check, text, remedy }) => `${check}: ${text} → ${remedy ?? ""}`);
        return { code, all: findings, wrong: lines("wrong"), notes: lines("note") };
      },
    });
  } finally {
    await clock.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}
