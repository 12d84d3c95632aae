import { assertEquals, assertThrows } from "@std/assert";
import { JsonSyntaxError, parseJson } from "../../lib/config/parse_json.ts";

const RIGHT = [
  "null",
  " [ ] ",
  '{"a":{"b":[1,-0.5e+3,"\\u00e9\\n\\"",true,false,null]},"":0}',
  '"\u2028☕"',
  '{"__proto__":{"a":1},"constructor":2}',
  "-0",
  "1E2",
];
const WRONG = [
  "",
  "01",
  "1.",
  "+1",
  ".5",
  "[1,]",
  "{,}",
  '"\t"',
  '"\\x"',
  "nul",
  "toString",
  "[1 2]",
  "{1:2}",
  "NaN",
  '{"a":1}}',
];

Deno.test("parseJson() reads what JSON.parse() reads", () => {
  for (const text of RIGHT) assertEquals(parseJson(text), JSON.parse(text), text);
});

Deno.test("parseJson() refuses what JSON.parse() refuses", () => {
  for (const text of WRONG) {
    assertThrows(() => JSON.parse(text), SyntaxError);
    assertThrows(() => parseJson(text), JsonSyntaxError, undefined);
  }
});

Deno.test("parseJson() refuses an endless nest of brackets instead of overflowing the stack", () => {
  assertThrows(() => parseJson("[".repeat(100_000)), JsonSyntaxError, "deep");
});

Deno.test("parseJson() reads a text of many megabytes, and says where one does not end", () => {
  const long = "aä\\n\\u00e9\\\\".repeat(2_000_000);
  assertEquals(parseJson(`["${long}", 1]`), JSON.parse(`["${long}", 1]`));
  assertEquals(parseJson(`{${" ".repeat(20_000_000)}"a":${"1".repeat(300)}}`), {
    a: Number("1".repeat(300)),
  });
  const { line, column } = assertThrows(() => parseJson(`\n["${long}`), JsonSyntaxError, "does not end");
  assertEquals([line, column], [2, 2]);
});

Deno.test("parseJson() tells the line and the column", () => {
  const { line, column } = assertThrows(() => parseJson('{\n  "a": 1,\r\n  b'), JsonSyntaxError);
  assertEquals([line, column], [3, 3]);
});
