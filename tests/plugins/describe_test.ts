import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Change,
  changeWords,
  clean,
  describe,
  type DescribeOptions,
  difference,
  type Json,
  messageOptions,
  renderMessage,
  rowsAsText,
  severityOf,
  shortAddress,
  z,
} from "coinrelay/plugin";
import { plainEvent, updated } from "./events.ts";

const NONE = Symbol("none");
/** The words and values that one change is described by. */
function said(
  field: string,
  before: Json | typeof NONE,
  after: Json | typeof NONE,
  options: DescribeOptions = {},
) {
  const change: Change = {
    field,
    change_type: before === NONE ? "addition" : after === NONE ? "removal" : "update",
    ...before !== NONE && { old_value: before },
    ...after !== NONE && { new_value: after },
  };
  const [line] = describe(updated([change]), options).lines;
  return `${line!.words}: ${rowsAsText(line!.rows, " · ")}`;
}

Deno.test("describe says every kind of value, present or missing, in words", () => {
  assertEquals(said("symbol", "a", "b"), "Ticker changed: a → b");
  assertEquals(said("symbol", NONE, "b"), "Ticker added: b");
  assertEquals(said("symbol", "a", NONE), "Ticker removed: a");
  assertEquals(said("symbol", NONE, NONE), "Ticker added: ");
  assertEquals(said("symbol", "a", ""), "Ticker removed: a");
  assertEquals(said("symbol", null, "b"), "Ticker added: not set → b");
  assertEquals(said("additional_notices.is_scam", false, true), "Flag “is scam” raised: no → yes");
  assertEquals(said("additional_notices.is_scam", true, null), "Flag “is scam” no longer set: yes → not set");
  assertEquals(
    said("links.chat_url", ["https://a", "https://b"], ["https://b", "https://c"]),
    "Chat links changed: + https://c · − https://a",
  );
  assertEquals(said("links.chat_url", ["https://a"], []), "Chat links removed: − https://a");
  assertEquals(said("links.chat_url", [""], ["https://a"]), "Chat links added: + https://a");
  assertEquals(
    said("links.chat_url", ["https://a", "https://b"], ["https://b", "https://a"]),
    "Chat links changed: (only their order changed)",
  );
  assertEquals(said("some.new_field", { a: 1 }, [[1], null]), 'Some new field changed: + 1 · − {"a":1}');
  assertEquals(
    said("name", "Tether", "Te\u200bther"),
    "Name changed: Tether · (only invisible characters or spaces changed)",
  );
  assertEquals(said("links.somewhere_else", NONE, "x"), "Somewhere else link added: x");
});

Deno.test("describe does not let an old value pass for the new one", () => {
  const one = (field: string, values: Partial<Change>, options = {}) => {
    const [line] = describe(updated([{ field, change_type: "update", ...values }]), options).lines;
    return `${line!.words}: ${rowsAsText(line!.rows)} (${line!.severity})`;
  };
  for (const nothing of ["", null]) {
    assertEquals(
      one("platforms.base", { old_value: "0xA", new_value: nothing }),
      "Contract on Base removed: 0xA (warning)",
    );
    assertEquals(
      one("platforms.base", { old_value: nothing, new_value: "0xA" }),
      "Contract on Base added: 0xA (notice)",
    );
  }
  assertEquals(
    one("links.twitter_screen_name", { old_value: "tether", new_value: "" }),
    "X (Twitter) account removed: tether (notice)",
  );
  assertEquals(
    one("platforms.base", { old_value: "0xA" }),
    "Contract on Base changed: 0xA → (not told) (critical)",
  );
  assertEquals(one("symbol", { old_value: "a" }), "Ticker changed: a → (not told) (notice)");
  assertEquals(one("symbol", { new_value: "" }), "Ticker removed:  (notice)");
});

Deno.test("describe tells the gravest first, and keeps it where there is no room for all", () => {
  const changes: Change[] = [
    ...Array.from(
      { length: 100 },
      (_, i): Change => ({ field: "categories", change_type: "addition", new_value: `c-${i}` }),
    ),
    { field: "platforms.base", change_type: "removal", old_value: "0xA" },
    { field: "public_notices", change_type: "addition", new_value: "Breach" },
  ];
  const { lines, summary, more } = describe(updated(changes), { maxLines: 3 });
  assertEquals(lines.map(({ words }) => words), [
    "Public notice added",
    "Contract on Base removed",
    "Joined a category",
  ]);
  assertEquals([summary, more], ["Public notice added and 101 more", 99]);
});

Deno.test("describe says of a change of a type that is not known yet that something changed", () => {
  for (const change_type of ["rename", "constructor", ""]) {
    const words = ["categories", "platforms.base", "additional_notices.is_scam", "name"].map((field) =>
      changeWords({ field, change_type, new_value: "x" } as unknown as Change)
    );
    assertEquals(words, [
      "Categories changed",
      "Contract on Base changed",
      "Flag “is scam” changed",
      "Name changed",
    ]);
  }
});

Deno.test("describe cuts no character in half, wherever it shortens", () => {
  for (const shift of ["", "a"]) {
    const faces = shift + "😀".repeat(200);
    for (
      const text of [
        shortAddress(faces),
        said("platforms.base", faces, faces + shift),
        said("public_notices", `${faces} one ${faces}`, `${faces} two ${faces}`),
      ]
    ) assert(text.isWellFormed() && !text.includes("\ufffd"), text);
  }
});

Deno.test("describe shows a long text as a difference, whatever its length within the room it has", () => {
  const before = `${"word ".repeat(200)}two ${"more ".repeat(200)}`;
  const text = said("public_notices", before, before.replace("two", "three"));
  assertStringIncludes(text, "word [-two-] {+three+} more");
  assert(text.length < 300, text);
  for (const maxText of [20, 100, 1000]) {
    const other = `${"x".repeat(5000)} ${"y ".repeat(5000)}`;
    assert(said("public_notices", before, other, { maxText }).length < maxText * 3 + 200);
  }
});

Deno.test("describe tells a migration in one line, as grave as a changed contract", () => {
  const changes: Change[] = [
    { field: "platforms.xdai", change_type: "removal", old_value: "0xA" },
    { field: "categories", change_type: "addition", new_value: "x" },
    { field: "platforms.ethereum", change_type: "addition", new_value: "0xB" },
  ];
  const { lines, severity, summary } = describe(updated(changes));
  assertEquals(lines.map(({ words }) => words), [
    "Contract moved from Gnosis Chain to Ethereum",
    "Joined a category",
  ]);
  assertEquals([severity, summary], ["critical", "Contract moved from Gnosis Chain to Ethereum and 1 more"]);
});

Deno.test("describe takes locale, time zone, page and severities from its options", () => {
  const event = plainEvent("cg.coin.price.moved", { price: { usd: 1234567.5 } });
  const options = {
    locale: "de-CH",
    timeZone: "Europe/Zurich",
    coinPage: "https://my.example/{id}/info",
    severity: "critical",
  } as const;
  const { received, url, severity, lines } = describe(event, options);
  assertEquals(received, "13.04.2026, 09:40:00 MESZ");
  assertEquals([url, severity], ["https://my.example/tether/info", "critical"]);
  assertEquals(rowsAsText(lines[0]!.rows), "price usd: 1’234’567.5");
  assertEquals(describe(event).received, "13 Apr 2026, 07:40:00 UTC");
  assertEquals(describe(event, { coinPage: "https://x.example/c" }).url, "https://x.example/c/tether");
});

Deno.test("the first severity pattern that takes a field decides; the field's nature does where none does", () => {
  const change = (field: string): Change => ({
    field,
    change_type: "update",
    old_value: "a",
    new_value: "b",
  });
  const override = { "platforms.solana": "info", "platforms.*": "notice", "links.*": "warning" } as const;
  assertEquals(
    ["platforms.solana", "platforms.base", "links.repos_url.github", "public_notices", "image"].map((field) =>
      severityOf(change(field), override)
    ),
    ["info", "notice", "warning", "critical", "info"],
  );
});

Deno.test("a difference holds both texts whole", () => {
  const words = ["a", "b", "c", " ", "\n", "long"];
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  for (let i = 0; i < 500; i++) {
    const text = () => Array.from({ length: random(30) }, () => words[random(words.length)]).join("");
    const [before, after] = [text(), text()];
    const parts = difference(before, after);
    const of = (kind: string) => parts.filter((part) => part.kind !== kind).map(({ text }) => text).join("");
    assertEquals([of("added"), of("removed")], [before, after]);
    assert(parts.every(({ text }) => text !== ""));
  }
});

Deno.test("a template escapes every value, and reads none as a template", () => {
  const event = updated([{
    field: "name",
    change_type: "update",
    old_value: "<a>",
    new_value: "{{coin.id}}",
  }], {
    data: { deep: { list: ["<x>", { y: "<y>" }] } },
  });
  const render = (template: string) =>
    renderMessage(template, event, { escape: (text) => text.replaceAll("<", "‹") });
  assertEquals(
    render("{{#changes}}{{old}} {{{old}}} {{&old}} {{new}}{{/changes}}"),
    "‹a> ‹a> ‹a> {{coin.id}}",
  );
  assertEquals(render("{{#data.deep.list}}{{.}}{{y}} {{/data.deep.list}}"), "‹x> [object Object]‹y> ");
  assertEquals(render("{{title}} {{coin.symbol}} {{nothing}}{{> partial}}"), "Tether (USDT) usdt ");
  assertEquals(render("{{#lines}}{{words}}: {{values}}{{/lines}}"), "Name changed: ‹a> → {{coin.id}}");
});

Deno.test("a template's address of the coin's page is whole, however short its values must be", () => {
  const render = (template: string) => renderMessage(template, updated([]), { maxText: 20, escape: String });
  assertEquals(
    render("{{url}} {{{url}}}"),
    Array(2).fill("https://www.coingecko.com/en/coins/tether").join(" "),
  );
});

Deno.test("clean leaves one line of what can be seen, in every script", () => {
  for (const text of ["Tether USD", "ビットコイン", "Ἀθῆναι é ñ", "नमस्ते", "☕ 😀", "مرحبا", "a–b “c”"]) {
    assertEquals(clean(text), text);
  }
  assertEquals(clean(" a\t\n b\u2028c\u0000d\u{e0041} "), "a b cd");
  assertEquals(clean("\ud83d"), "\ufffd");
});

Deno.test("a severity that is none is refused with those there are", () => {
  for (const severity of ["loud", { "links.*": "loud" }]) {
    const [mistake] = z.strictObject(messageOptions).safeParse({ severity }).error!.issues;
    assertEquals(mistake!.path, ["severity"]);
    assertStringIncludes(mistake!.message, "info, notice, warning, critical");
  }
});
