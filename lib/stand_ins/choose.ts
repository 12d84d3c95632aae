/**
 * Chooses where the bare names `@std/…` come from, and writes the answer to `.imports.json`, the import map that
 * every task takes: deno.json's own imports where JSR answers, the stand-ins of this folder where it does not.
 *
 * `COINRELAY_STD` decides by hand: `jsr`, `stand-ins`, or a folder that holds a checkout of the standard library.
 *
 * @module
 */
import { isOfSystem, messageOf } from "../message_of.ts";
import { goesOn } from "../task_help.ts";

const HELP =
  `Writes .imports.json, the import map that all tasks take: the standard library from JSR, or from lib/stand_ins/ where
JSR does not answer. Every other task runs it first. COINRELAY_STD decides by hand: jsr, stand-ins, or a folder that
holds a checkout of the standard library.`;
if (!goesOn("imports", HELP)) Deno.exit();

const ROOT = new URL("../../", import.meta.url);
const MAP = new URL(".imports.json", ROOT);
const PROBE = "https://jsr.io/@std/path/meta.json";
const PROBE_TIMEOUT_MS = 1500;
/** How long a "JSR does not answer" is believed before it is asked again. */
const RECHECK_AFTER_MS = 24 * 3600 * 1000;
const STAND_INS: Record<string, string> = {
  "@std/assert": "./lib/stand_ins/assert.ts",
  "@std/crypto": "./lib/stand_ins/crypto.ts",
  "@std/crypto/timing-safe-equal": "./lib/stand_ins/crypto.ts",
  "@std/dotenv": "./lib/stand_ins/dotenv.ts",
  "@std/http": "./lib/stand_ins/http.ts",
  "@std/http/status": "./lib/stand_ins/http.ts",
  "@std/path": "./lib/stand_ins/path.ts",
};

const PERMITTED =
  "Give jsr, stand-ins, or the folder of a checkout of https://github.com/denoland/std, or unset it";

type Imports = Record<string, string>;
interface ImportMap {
  imports: Imports;
}

function readText(url: URL): string | undefined {
  try {
    return Deno.readTextFileSync(url);
  } catch {
    return undefined;
  }
}

async function jsrAnswers(): Promise<boolean> {
  try {
    const response = await fetch(PROBE, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** What the user gave is at fault, or the machine: one line, and exit code 1. */
function giveUp(line: string): never {
  console.error(line);
  Deno.exit(1);
}

/** Maps each `@std/…` name and its subpaths to the files of a standard library checkout; none where it is no such. */
function fromCheckout(folder: string): Imports {
  const imports: Imports = {};
  for (const entry of entriesOf(folder)) {
    const text = entry.isDirectory
      ? readText(new URL(`file://${folder.replace(/\/$/, "")}/${entry.name}/deno.json`))
      : undefined;
    if (text === undefined) continue;
    const { name, exports } = manifestIn(text);
    if (!name?.startsWith("@std/") || exports === undefined) continue;
    for (const [path, file] of Object.entries(typeof exports === "string" ? { ".": exports } : exports)) {
      imports[name + path.slice(1)] = new URL(
        file,
        `file://${folder.replace(/\/$/, "")}/${entry.name}/`,
      ).href;
    }
  }
  return imports;
}

function manifestIn(text: string): { name?: string; exports?: string | Record<string, string> } {
  try {
    return JSON.parse(text);
  } catch {
    return {}; // another's, with comments in it
  }
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    return giveUp(`COINRELAY_STD=${folder}: ${messageOf(error)}. ${PERMITTED}`);
  }
}

function stillBelieved(): boolean {
  try {
    const written = Deno.statSync(MAP).mtime?.getTime() ?? 0;
    return Date.now() - written < RECHECK_AFTER_MS;
  } catch {
    return false;
  }
}

const declared =
  (JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT))) as { imports: Imports }).imports;
const withStandIns: Imports = { ...declared, ...STAND_INS };
const current = readText(MAP);
const render = (imports: Imports) => JSON.stringify({ imports } satisfies ImportMap, null, 2) + "\n";

let chosen: Imports;
const wish = Deno.env.get("COINRELAY_STD");
if (wish === "jsr") chosen = declared;
else if (wish === "stand-ins") chosen = withStandIns;
else if (wish) {
  const checkout = fromCheckout(wish);
  if (checkout["@std/path"] === undefined) {
    giveUp(`COINRELAY_STD=${wish}: there is no standard library. ${PERMITTED}`);
  }
  chosen = { ...declared, ...checkout };
} else if (current === render(declared)) chosen = declared;
else if (current === render(withStandIns) && stillBelieved()) chosen = withStandIns;
else chosen = await jsrAnswers() ? declared : withStandIns;

const text = render(chosen);
if (text !== current || !stillBelieved()) {
  const draft = new URL(`.imports.json.${Deno.pid}`, ROOT);
  try {
    Deno.writeTextFileSync(draft, text);
    Deno.renameSync(draft, MAP); // whole or not at all: two tasks may start at once
  } catch (error) {
    try {
      Deno.removeSync(draft); // what of it was written
    } catch {
      // nothing was
    }
    if (text !== current) { // else what is there goes on: an installed project may be read-only
      if (!isOfSystem(error)) throw error;
      const folder = decodeURIComponent(ROOT.pathname);
      giveUp(
        error instanceof Deno.errors.PermissionDenied
          ? `cannot write .imports.json: run \`sudo deno task imports\` in the program's folder, ${folder}`
          : `cannot write .imports.json in ${folder}: ${error.message}. Mend that, then run it again`,
      );
    }
  }
}
