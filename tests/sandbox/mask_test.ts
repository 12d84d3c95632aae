import { assertEquals } from "@std/assert";
import { MASK } from "../../lib/config/mask.ts";
import type { Json } from "../../lib/nouns.ts";
import { maskTold, secretForms } from "../../lib/sandbox/mask.ts";

const told = (text: string, options: Json) => maskTold(text, secretForms(options));

Deno.test("of a URL in options every part beyond the host is masked, by itself and with what stands beside it", () => {
  const options = { any: "https://me:p%40ss-word@x.example/hook/T0?key=abc123#frag-ment" };
  for (
    const part of [
      "hook/T0?key=abc123#frag-ment",
      "hook/T0?key=abc123",
      "hook/T0",
      "?key=abc123",
      "#frag-ment",
      "me:p%40ss-word",
      "p%40ss-word",
      "p@ss-word",
    ]
  ) assertEquals(told(`<${part}>`, options), `<${MASK}>`);
  assertEquals(told("<x.example>", options), "<x.example>");
});

Deno.test("what an option's name calls a secret is one, also deep inside, and where the name only may", () => {
  const cases: Json[] = [
    { key: "treasure" },
    { auth: { basic: "treasure" } },
    { secrets: [{ a: ["treasure"] }] },
  ];
  for (const options of cases) assertEquals(told("no treasure here", options), `no ${MASK} here`);
  assertEquals(told("no treasure here", { sortBy: "treasure" }), "no treasure here");
});

Deno.test("of a secret that holds another nothing is left", () => {
  assertEquals(told("treasure-chest", { token: "treasure", password: "treasure-chest" }), MASK);
});
