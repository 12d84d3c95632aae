/** `deno task doctor`: looks at all that a relay lives on, and says what to do where it ails. @module */
import { dirname, resolve } from "@std/path";
import { dotenvFile } from "../config/environment.ts";
import { inspectConfig, type Inspection } from "../config/load.ts";
import { localUrl } from "../config/local_url.ts";
import type { Config } from "../config/schema.ts";
import { maskText } from "../config/mask.ts";
import { CLOCK_URLS, judgeClock, measureSkew } from "../doctor/clock.ts";
import { examineCopies } from "../doctor/copies.ts";
import { judgeRoom, readRoom } from "../doctor/disk.ts";
import { examineFiles } from "../doctor/files.ts";
import { type Finding, findingsOf, type Verdict } from "../doctor/finding.ts";
import { type Holder, holderOf, judgeHolder, type Listener, listenersOf } from "../doctor/listeners.ts";
import { examinePlugins } from "../doctor/plugins.ts";
import { examineProgram } from "../doctor/program.ts";
import { tryPublicUrl } from "../doctor/public_url.ts";
import { judgeOverview, type RelayApi, relayApi } from "../doctor/relay.ts";
import { examineSecrets } from "../doctor/secrets.ts";
import { judgeStore } from "../doctor/store.ts";
import { PROJECT } from "../project.ts";
import { examineStore, isInUse } from "../store/examine.ts";
import { COMMON_HELP, configFile, EXIT, readArguments } from "./command.ts";
import { bypassProxy } from "./post_event.ts";
import { sourceNamed, webUrl } from "./target_flags.ts";
import { createProgress, harmless, paint, table } from "./terminal.ts";

export const name = "doctor";

export const summary = "look for whatever ails the relay, and say what to do";

export const help = `deno task doctor [flags]

Looks at the config, the secrets' form, who may read and change the files, the plugins, the store, the disk, the clock,
the ports and, if it runs, the relay; says what is wrong and what to do. Changes nothing.

  --url URL            also try the public URL that the provider was given: its name, TLS, the proxies on the way,
                       whether it leads to this relay, and whether it shows what must stay private
  --source NAME        the source whose URL that is (default: the first)
  --deep               read the whole store, whatever its size
  --clock-url URL      compare the clock with this server's (default: the package registries that Deno uses)
${COMMON_HELP}

Exit code: 0 nothing is wrong, 1 something is.`;

export async function run(args: string[]): Promise<number> {
  const { values } = readArguments(args, {
    url: "text",
    source: "text",
    deep: "switch",
    "clock-url": "text",
  });
  const file = configFile(values);
  const url = values.url === undefined ? null : webUrl("--url", values.url);
  const clockUrls = values["clock-url"] === undefined
    ? CLOCK_URLS
    : [webUrl("--clock-url", values["clock-url"]).href];
  const inspection = inspectConfig(file, Deno.env.toObject());
  const progress = createProgress();
  const findings: Finding[] = [];
  for await (
    const found of examineAll(file, inspection, {
      url,
      source: values.source,
      deep: values.deep === true,
      clockUrls,
      onStep: (what) => progress.show(`looking at the ${what} …`),
    })
  ) findings.push({ ...found, text: maskText(found.text, inspection.secrets) });
  progress.clear();

  const ok = findings.every(({ verdict }) => verdict !== "wrong");
  if (values.json) console.log(JSON.stringify({ ok, findings }));
  else print(findings);
  return ok ? EXIT.done : EXIT.yourInput;
}

interface Wishes {
  url: URL | null;
  source: string | undefined;
  deep: boolean;
  clockUrls: readonly string[];
  onStep(what: string): void;
}

/** Everything, in the order in which one thing rests on another. */
async function* examineAll(file: string, inspection: Inspection, wishes: Wishes): AsyncGenerator<Finding> {
  const { config, mistakes } = inspection;
  yield* examineProgram(Deno.version.deno, Deno.uid());
  yield* examineCopies(PROJECT);
  const { right, mistaken } = findingsOf("config");
  if (config === null) return yield* mistakes.map((mistake) => mistaken(mistake, file));
  const source = sourceNamed(config, wishes.source);
  yield right(file);
  yield* examineSecrets(config);

  const folder = dirname(file);
  wishes.onStep("store");
  const store = await examineStore(config.store, folder, { deep: wishes.deep });
  yield* examineFiles({
    config: file,
    configHoldsSecret: holdsSecret(file, config),
    dotenv: dotenvFile(file),
    pluginsDir: resolve(folder, config.pluginsDir),
    store: store.file,
  });
  yield judgeStore(store);
  if (store.file !== null) yield judgeRoom(readRoom(existing(dirname(store.file)), store.bytes));

  wishes.onStep("plugins");
  yield* await examinePlugins(file, { ...inspection, config });

  wishes.onStep("clock");
  const shortest = Math.min(...config.sources.map(({ maxAgeSeconds }) => maxAgeSeconds));
  yield judgeClock(await measureSkew(wishes.clockUrls, Date.now), shortest);

  wishes.onStep("relay");
  const api = yield* examineRelay(config, folder);
  if (wishes.url === null) return;
  wishes.onStep("public URL");
  yield* await tryPublicUrl({
    url: wishes.url,
    source,
    known: await api?.newestOf(source.name) ?? null,
    maxBodyBytes: config.server.maxBodyBytes,
    now: Date.now,
  });
}

/** Looks at the listeners and asks the relay, if one runs, how it is. */
async function* examineRelay(config: Config, folder: string): AsyncGenerator<Finding, RelayApi | null> {
  let api: RelayApi | null = null;
  const held: { listener: Listener; holder: Holder }[] = [];
  for (const listener of listenersOf(config)) {
    bypassProxy(new URL(localUrl(listener)));
    held.push({ listener, holder: await holderOf(listener) });
  }
  const usesStore = await isInUse(config.store, folder);
  for (const { listener, holder } of held) {
    const runs = held.some((other) => other.listener !== listener && other.holder.kind === "relay");
    yield* judgeHolder(listener, holder, runs, usesStore);
    if (listener.name !== "admin" || holder.kind !== "relay") continue;
    const adminUrl = localUrl(listener);
    api = relayApi(adminUrl, config.admin.readToken ?? config.admin.token);
    yield* judgeOverview(await api.overview(), adminUrl);
  }
  return api;
}

/** Whether the file itself spells a secret out. */
function holdsSecret(file: string, { sources, admin }: Config): boolean {
  const text = Deno.readTextFileSync(file);
  const secrets = [...sources.flatMap(({ secrets }) => secrets), admin.token, admin.readToken];
  return secrets.some((secret) => secret !== undefined && text.includes(secret));
}

/** The folder, or the nearest one above it that is there. */
function existing(folder: string): string {
  try {
    Deno.statSync(folder);
    return folder;
  } catch {
    return dirname(folder) === folder ? folder : existing(dirname(folder));
  }
}

const MARKS: Record<Verdict, string> = {
  right: paint.green("right"),
  note: paint.yellow("note "),
  wrong: paint.red("WRONG"),
  unknown: paint.dim("?    "),
};

function print(findings: readonly Finding[]): void {
  const texts = findings.map(({ text }) => harmless(text).split("\n"));
  const rows = findings.map(({ check, verdict }, i) => [check, MARKS[verdict], texts[i]![0]!]);
  const lines = table(rows).split("\n");
  findings.forEach(({ remedy }, i) => {
    console.log(lines[i]);
    for (const more of texts[i]!.slice(1)) console.log(`            ${more}`);
    if (remedy !== undefined) console.log(`            ${paint.dim("→")} ${harmless(remedy)}`);
  });
  const wrong = findings.filter(({ verdict }) => verdict === "wrong").length;
  const notes = findings.filter(({ verdict }) => verdict === "note").length;
  console.log(
    wrong > 0
      ? `\n${paint.red(`${wrong} to mend`)}${notes > 0 ? `, ${notes} to look at` : ""}`
      : notes > 0
      ? `\nNothing is wrong; ${notes} to look at`
      : "\nNothing is wrong",
  );
}
