/** The last versions of plugins that were in force are kept. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { keepVersions, MOST_KEPT, versionBefore, writeVersion } from "../../lib/sandbox/kept_versions.ts";
import { readVersion } from "../../lib/sandbox/version.ts";
import { until } from "../support/until.ts";
import { type House, house, route } from "./support.ts";

/** Plugins whose versions are kept in `kept`, of which each plugin is in use. */
async function withKept(
  files: Record<string, string>,
  use: (home: House, kept: string, settings: { keptFolder: string }) => Promise<void>,
) {
  const kept = join(await Deno.makeTempDir({ prefix: "coinrelay-" }), "kept");
  const settings = { keptFolder: kept };
  try {
    await using home = await house(files, settings);
    await home.plugins.configure(home.plugins.descriptions().map(({ name }) => route(name)));
    await use(home, kept, settings);
  } finally {
    await Deno.remove(join(kept, ".."), { recursive: true });
  }
}

const source = (n: number) => `export default { description: "${n}", run() {} };`;
const inForce = (home: House, n: number) =>
  until(`version ${n} is in force`, () => home.plugins.descriptions()[0]?.description === String(n));
const hashOf = async ({ folder }: House) => (await readVersion(join(folder, "plain.ts"))).hash;

Deno.test("before a version comes the one that was in force when it took over", () =>
  withKept({ "plain.ts": source(1) }, async (home, kept) => {
    const before = async () => versionBefore(kept, "plain", await hashOf(home))?.texts?.["plain.ts"] ?? null;
    assertEquals(await before(), null);
    await home.write("plugins/plain.ts", source(2));
    await inForce(home, 2);
    assertEquals(await before(), source(1));
    await home.write("plugins/plain.ts", source(3));
    await inForce(home, 3);
    assertEquals(await before(), source(2));
    await home.write("plugins/plain.ts", "export default {");
    await until("it is refused", () => home.plugins.descriptions()[0]!.error);
    assertEquals(await before(), source(3), "the one that goes on");
    await home.write("plugins/plain.ts", source(3));
    await until("it is as it was", () => !home.plugins.descriptions()[0]!.error);
    assertEquals(await before(), source(2), "what was never in force does not count");
  }));

Deno.test("a change made while no relay ran is one, too", () =>
  withKept({ "plain.ts": source(1) }, async (home, kept, settings) => {
    await home.plugins.stop(0);
    await using later = await house({ "plain.ts": source(2) }, settings);
    assertEquals(versionBefore(kept, "plain", await hashOf(later))?.texts, { "plain.ts": source(1) });
    await later.plugins.stop(0);
    await using again = await house({ "plain.ts": source(2) }, settings);
    assertEquals(versionBefore(kept, "plain", await hashOf(again))?.texts, { "plain.ts": source(1) });
  }));

Deno.test("a version is kept with all modules that it is made of, and laid out as it was", () =>
  withKept({
    "_words.ts": "export const word = 1;",
    "whole/mod.ts":
      `import { word } from "../_words.ts"; import "./part.ts"; export default { run: () => word };`,
    "whole/part.ts": "export {};",
  }, async ({ folder }, kept) => {
    const version = versionBefore(kept, "whole", "another")!;
    assertEquals(version.file, "whole/mod.ts");
    const copy = join(kept, "copy");
    await writeVersion(copy, { ...version.texts!, "../out.ts": "is not written" });
    for (const file of ["_words.ts", "whole/mod.ts", "whole/part.ts"]) {
      assertEquals(await Deno.readTextFile(join(copy, file)), await Deno.readTextFile(join(folder, file)));
    }
    assertEquals([...Deno.readDirSync(kept)].map(({ name }) => name).sort(), ["copy", "whole.json"]);
    assertEquals((await readVersion(join(copy, "whole/mod.ts"))).hash, version.version);
  }));

Deno.test("versions are the relay's user's alone, and go with their plugin", () =>
  withKept({ "plain.ts": source(1), "other.ts": source(1) }, async (home, kept) => {
    assertEquals((await Deno.stat(kept)).mode! & 0o777, 0o700);
    assertEquals((await Deno.stat(join(kept, "plain.json"))).mode! & 0o777, 0o600);
    await Deno.remove(join(home.folder, "plain.ts"));
    await until("it is forgotten", () => [...Deno.readDirSync(kept)].length === 1);
    assertEquals(versionBefore(kept, "plain", "another"), null);
    assertEquals(versionBefore(kept, "other", "another")?.texts, { "other.ts": source(1) });
  }));

Deno.test("of what is too large it is kept only that it was there; what is no record is none", async () => {
  const kept = await Deno.makeTempDir();
  try {
    const versions = keepVersions(kept, "/plugins", () => 7);
    const large = "x".repeat(MOST_KEPT + 1);
    versions.inForce("large", "large.ts", { hash: "1", files: new Map([["/plugins/large.ts", large]]) });
    assertEquals(versionBefore(kept, "large", "2"), {
      version: "1",
      since: 7,
      file: "large.ts",
      texts: null,
    });
    const files = new Map<string, string | null>([
      ["/plugins/a.ts", "a"],
      ["/elsewhere/b.ts", "b"],
      ["/plugins/gone.ts", null],
    ]);
    versions.inForce("a", "a.ts", { hash: "1", files });
    assertEquals(versionBefore(kept, "a", "2")?.texts, { "a.ts": "a" }, "of what lies elsewhere nothing");
    versions.forgetOthers([]);
    versions.inForce("a", "a.ts", { hash: "1", files });
    assertEquals(versionBefore(kept, "a", "2")?.version, "1", "what was put back is kept again");
    await Deno.writeTextFile(join(kept, "large.json"), "{");
    assertEquals(versionBefore(kept, "large", "2"), null);
  } finally {
    await Deno.remove(kept, { recursive: true });
  }
});
