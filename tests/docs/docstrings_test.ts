/** What plugin authors import, and the contracts between the relay's parts, are documented whole. */
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const SURFACE = [
  "lib/plugin.ts",
  "lib/plugin_testing.ts",
  "lib/nouns.ts",
  "lib/store/contract.ts",
  "lib/dispatch/contract.ts",
];
const FINDING = /^error\[([\w-]+)\]: (.*)\n\s*--> (.*):(\d+):\d+$/gm;
/** Types of zod, which plugin.ts hands on as `z`: Deno takes what it hands on for private. */
const OF_ZOD = /references private type '(ZodType|ZodObject|output)'$/;

Deno.test("deno doc --lint finds nothing in what is exported", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "--import-map=.imports.json", ...SURFACE],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const findings = [...new TextDecoder().decode(stderr).matchAll(FINDING)];
  const ours = findings.filter(([, , message, file]) => file!.startsWith(ROOT) && !OF_ZOD.test(message!));
  assertEquals(findings.length > 0, true, "packages' own types are looked at too, and lack much");
  assertEquals(
    ours.map(([, rule, message, file, line]) => `${file!.slice(ROOT.length)}:${line} ${rule} ${message}`),
    [],
  );
});
