import { assertEquals } from "@std/assert";
import { inFolder } from "../config/folder.ts";
import { isNeverGranted, ownFiles } from "../../lib/sandbox/never_granted.ts";
import { noteRefusal, refusalText, type RefusedAccess } from "../../lib/sandbox/refused.ts";

const never = () => false;
const refusal = (kind: string, target: string) => ({ kind, target, job: null });

Deno.test("a refused access is told once, and counted each time", () => {
  const known = new Map<string, RefusedAccess>();
  const told = [1, 2, 3].map((now) =>
    noteRefusal(known, refusal("net", "evil.example:443"), now, never) !== null
  );
  assertEquals(told, [true, false, false]);
  const [access] = known.values();
  assertEquals([access?.count, access?.lastAt], [3, 3]);
});

Deno.test("what a route can allow is told with the line that allows it, and nothing else is", () => {
  const textOf = (kind: string, target: string) =>
    refusalText(noteRefusal(new Map(), refusal(kind, target), 0, never)!);
  assertEquals(
    textOf("net", "evil.example:443"),
    'tried to reach evil.example:443, which its route would allow with "allow": { "net": ["evil.example:443"] }',
  );
  assertEquals(textOf("read", "*"), "tried to read any file, which no route can allow");
  assertEquals(textOf("run", "/bin/sh"), "tried to run /bin/sh, which no route can allow");
});

Deno.test("a plugin that tries everything fills no memory", () => {
  const known = new Map<string, RefusedAccess>();
  for (let i = 0; i < 1000; i++) noteRefusal(known, refusal("net", `host-${i}.example:443`), 0, never);
  assertEquals(known.size, 50);
  assertEquals(noteRefusal(known, refusal("net", "one-more.example:443"), 0, never), null);
});

Deno.test("a file that no grant opens is told without a line that would allow it", () =>
  inFolder({}, (folder) => {
    Deno.mkdirSync(`${folder}/data`);
    Deno.symlinkSync(`${folder}/data`, `${folder}/linked`);
    const own = ownFiles(`${folder}/plugins`, [`${folder}/.env`, `${folder}/linked/relay.db`]);
    const isNever = (kind: string, target: string) => isNeverGranted(own, kind, target);
    const mayBeAllowed = (kind: string, path: string) =>
      noteRefusal(new Map(), refusal(kind, `${folder}/${path}`), 0, isNever)!.remedy !== null;
    for (const path of [".env", "linked/relay.db", "data/relay.db"]) {
      assertEquals([path, mayBeAllowed("read", path), mayBeAllowed("write", path)], [path, false, false]);
    }
    assertEquals([mayBeAllowed("read", "plugins/a.ts"), mayBeAllowed("write", "plugins/a.ts")], [
      true,
      false,
    ]);
    assertEquals([mayBeAllowed("read", "data/other"), mayBeAllowed("write", "data/other")], [true, true]);
  }));
