import { assertEquals, assertMatch } from "@std/assert";
import { Values } from "../../lib/admin/pages/change.tsx";
import { textOf } from "./page_text.ts";

/** What was and what is, as it is shown: `-…-` was, `+…+` is. */
function shown(old_value: unknown, new_value: unknown, whole = false): string {
  const change = { field: "links.homepage", change_type: "update", old_value, new_value };
  const marked = String(Values({ change, whole }))
    .replace(/<span class="value old[^>]*>(.*?)<\/bdi><\/span>/gs, "-$1-")
    .replace(/<span class="value new[^>]*>(.*?)<\/bdi><\/span>/gs, "+$1+")
    .replace(/<del>(.*?)<\/del>/gs, "-$1-").replace(/<ins>(.*?)<\/ins>/gs, "+$1+");
  return textOf(marked).replaceAll("- ", "-").replaceAll("+ ", "+").replace(/ +([+-])(?= |$)/g, "$1");
}

const CASES: Record<string, [before: unknown, after: unknown, shown: RegExp]> = {
  "a value that became another": ["a", "b", /^-a-?→ ?\+b\+?$/],
  "a value where there was none": ["", "b", /^\+b\+?$/],
  "a value where nothing was said of what was": [undefined, "b", /^\+b\+?$/],
  "a value that is gone": ["a", "", /^-a-?$/],
  "a value of which nothing is said any more": ["a", undefined, /^-a-?$/],
  "neither what was nor what is": [undefined, "", /^no values$/],
  "values that are no texts": [false, { a: 1 }, /^-false-?→ ?\+\{"a":1\}\+?$/],
  "a value that became a list": ["a", ["b"], /^-a-?→ ?\+\["b"\]\+?$/],
  "a list that became a value": [["a"], "b", /^-\["a"\]-?→ ?\+b\+?$/],
  "a list that lost and won": [["a", "x"], ["x", "b"], /^-a-?→ ?\+b\+?1 kept$/],
  "a list that only lost": [["a", "x"], ["x"], /^-a-?1 kept$/],
  "a list that only won": [[], ["a"], /^\+a\+?$/],
  "a list that stayed": [["x", "y"], ["y", "x"], /^2 kept$/],
  "a list that is empty as it was": [[], [], /^empty list$/],
};

for (const [what, [before, after, wanted]] of Object.entries(CASES)) {
  Deno.test(`of ${what} is shown what was and what is`, () => assertMatch(shown(before, after), wanted));
}

Deno.test("long texts are compared word by word, short ones and those of one word shown one after the other", () => {
  const prose = "Trading of this coin has been paused until";
  assertMatch(shown(`${prose} Monday`, `${prose} Friday`), new RegExp(`^${prose} -Monday-? ?\\+Friday\\+?$`));
  assertMatch(
    shown("paused until Monday", "paused until Friday"),
    /^-paused until Monday-?→ ?\+paused until Friday/,
  );
  const [a, b] = ["a", "b"].map((letter) => letter.repeat(60));
  assertMatch(shown(a, b), new RegExp(`^-${a}-?→ ?\\+${b}`));
});

Deno.test("of a long list six are shown of each kind, on the event's page all; long texts end in an ellipsis there", () => {
  const items = (letter: string) => Array.from({ length: 8 }, (_, index) => `${letter}${index}`);
  const count = (text: string) => [...text.matchAll(/[ab]\d/g)].length;
  const short = shown(items("a"), items("b"));
  assertEquals([count(short), /4 more$/.test(short)], [12, true]);
  const whole = shown(items("a"), items("b"), true);
  assertEquals([count(whole), /more/.test(whole)], [16, false]);
  assertEquals([/more/.test(shown(items("a").slice(2), [])), count(shown(items("a").slice(2), []))], [
    false,
    6,
  ]);
  const long = "x".repeat(161);
  const markup = String(
    Values({ change: { field: "name", change_type: "update", old_value: "", new_value: long } }),
  );
  assertMatch(markup, new RegExp(`title="${long}"><bdi>x{160}…<`));
  const fits = String(
    Values({ change: { field: "name", change_type: "update", old_value: "", new_value: "x y" } }),
  );
  assertEquals(fits.includes("title="), false);
});

Deno.test("addresses, links and what is no text are set as code, words are not", () => {
  const code = (value: unknown) =>
    /class="value new mono/.test(
      String(Values({ change: { field: "f", change_type: "addition", new_value: value } })),
    );
  for (
    const value of ["0x6810e7", "https://a.example/x", "So11111111111111111111111111111111111111112", true, 1]
  ) {
    assertEquals(code(value), true, String(value));
  }
  for (const value of ["Aave", "a few words that are longer than that", "0x is a prefix"]) {
    assertEquals(code(value), false, value);
  }
});
