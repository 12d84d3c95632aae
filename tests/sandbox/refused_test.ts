import { assertEquals } from "@std/assert";
import { noteRefusal, refusalText, type RefusedAccess } from "../../lib/sandbox/refused.ts";

const refusal = (kind: string, target: string) => ({ kind, target, job: null });

Deno.test("a refused access is told once, and counted each time", () => {
  const known = new Map<string, RefusedAccess>();
  const told = [1, 2, 3].map((now) => noteRefusal(known, refusal("net", "evil.example:443"), now) !== null);
  assertEquals(told, [true, false, false]);
  const [access] = known.values();
  assertEquals([access?.count, access?.lastAt], [3, 3]);
});

Deno.test("what a route can allow is told with the line that allows it, and nothing else is", () => {
  const textOf = (kind: string, target: string) =>
    refusalText(noteRefusal(new Map(), refusal(kind, target), 0)!);
  assertEquals(
    textOf("net", "evil.example:443"),
    'tried to reach evil.example:443, which its route would allow with "allow": { "net": ["evil.example:443"] }',
  );
  assertEquals(textOf("read", "*"), "tried to read any file, which no route can allow");
  assertEquals(textOf("run", "/bin/sh"), "tried to run /bin/sh, which no route can allow");
});

Deno.test("a plugin that tries everything fills no memory", () => {
  const known = new Map<string, RefusedAccess>();
  for (let i = 0; i < 1000; i++) noteRefusal(known, refusal("net", `host-${i}.example:443`), 0);
  assertEquals(known.size, 50);
  assertEquals(noteRefusal(known, refusal("net", "one-more.example:443"), 0), null);
});
