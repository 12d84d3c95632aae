/** What ARCHITECTURE.md says, held against the code. */
import { assert, assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, relative } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const page = await Deno.readTextFile(join(ROOT, "ARCHITECTURE.md"));
const MOST_LINES = 400;

/** The files below a folder, as paths from the root. */
function filesOf(folder: string, ending: RegExp): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(`${folder}/${name}`, ending) : ending.test(name) ? [`${folder}/${name}`] : []
  ).sort();
}

const read = (file: string) => Deno.readTextFileSync(join(ROOT, file));

/** A section of the page. */
const section = (heading: string) => page.split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`))!;

/** What stands in backticks in the first cells of a section's table, row by row. */
const firstCells = (heading: string) =>
  [...section(heading).matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
  );

const SOURCE = filesOf("lib", /\.tsx?$/);

/** `lib/store/` for lib/store/sqlite/store.ts, `lib/log.ts` for itself. */
const roomOf = (file: string) => file.replace(/^(lib\/[^/]+\/).*$/, "$1");

/** The files of lib/ that a file imports, examples in its comments left out. */
function importsOf(file: string): string[] {
  const text = read(file).replaceAll(/^ *\*.*$/gm, "");
  return [...text.matchAll(/(?:from|import) ?\(?"(\.[^"]+)"/g)]
    .map(([, path]) => relative(ROOT, join(ROOT, dirname(file), path!)))
    .filter((path) => path.startsWith("lib/"));
}

Deno.test("a room of lib/ imports from rooms below it only, and each stands in ARCHITECTURE.md", () => {
  const floors = new Map(
    firstCells("What belongs where").flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)),
  );
  const rooms = [...new Set(SOURCE.map(roomOf))];
  assertEquals([...floors.keys()].toSorted(), rooms.toSorted());
  const upwards = SOURCE.flatMap((file) =>
    importsOf(file).filter((imported) =>
      floors.get(roomOf(file))! > floors.get(roomOf(imported))! ||
      floors.get(roomOf(file)) === floors.get(roomOf(imported)) && door(file) !== door(imported)
    ).map((imported) => `${file} imports ${imported}`)
  );
  assertEquals(upwards, []);
});

/** The same for a room and its door. */
const door = (file: string) => roomOf(file).replace(/(\.tsx?|\/)$/, "");

Deno.test("ARCHITECTURE.md names every table of the store, and no other", () => {
  const made = ["sqlite", "postgres"].flatMap((engine) =>
    [...read(`lib/store/${engine}/migrations.ts`).matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) =>
      `${name} ${engine}`
    )
  );
  const told = [...section("Tables").matchAll(/^\| `(\w+)` .*\| (yes|) *\| (yes|) *\|$/gm)].flatMap(
    ([, name, sqlite, postgres]) => [
      ...(sqlite ? [`${name} sqlite`] : []),
      ...(postgres ? [`${name} postgres`] : []),
    ],
  );
  assertEquals(told.toSorted(), made.toSorted());
});

Deno.test("ARCHITECTURE.md gives each state of a delivery its number", async () => {
  const { STATE_NAMES } = await import("../../lib/store/states.ts");
  const told = [...section("Tables").matchAll(/^\| (\d) .*\| `(\w+)` +\|$/gm)].map(([, number, name]) =>
    [Number(number), name] as const
  );
  assertEquals(told, [...STATE_NAMES.entries()]);
});

Deno.test("every file and every name of the code that ARCHITECTURE.md speaks of is there", async () => {
  const code = SOURCE.map(read).join("\n");
  const exists = async (path: string) => await Deno.stat(join(ROOT, path)).then(() => true, () => false);
  const codes = [...new Set([...page.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text!))];
  const missing: string[] = [];
  for (const text of codes) {
    const found = text.includes("/") && !text.startsWith("coinrelay/") && !text.startsWith("/")
      ? await exists(text)
      : !/^[A-Z]?[a-z]+[A-Z]\w+$|^[A-Z][a-z]+$/.test(text) || new RegExp(`\\b${text}\\b`).test(code);
    if (!found) missing.push(text);
  }
  assertEquals(missing, []);
  assert(codes.length > 50);
});

Deno.test("a file of lib/ with more than 400 lines has a reason in ARCHITECTURE.md", () => {
  const long = filesOf("lib", /\.(tsx?|js|css)$/).filter((file) =>
    read(file).split("\n").length > MOST_LINES
  );
  assertEquals(firstCells("Files over 400 lines").flat().toSorted(), long);
});
