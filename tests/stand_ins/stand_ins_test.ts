/**
 * What this project uses of the standard library behaves as its documentation says, wherever the bare names lead: the
 * library itself or the stand-ins. Run it with both (see CONTRIBUTING).
 *
 * @module
 */
import { assert, assertEquals, AssertionError, assertRejects, assertThrows } from "@std/assert";
import * as assertions from "@std/assert";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import * as crypto from "@std/crypto";
import { parse } from "@std/dotenv";
import * as dotenv from "@std/dotenv";
import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import * as http from "@std/http";
import * as path from "@std/path";

const ROOMS = { assert: assertions, crypto, dotenv, http, path };

for (const [name, room] of Object.entries(ROOMS)) {
  Deno.test(`@std/${name} exports all that its stand-in exports`, async () => {
    const standIn: Record<string, unknown> = await import(`../../lib/stand_ins/${name}.ts`);
    const missing = Object.keys(standIn).filter((key) => !(key in room));
    assertEquals(missing, []);
  });
}

/** A function, arguments that hold, and arguments that do not. */
const ASSERTIONS: [keyof typeof assertions, unknown[][], unknown[][]][] = [
  ["assert", [[true], [1], ["x"]], [[false], [0], [""], [null]]],
  ["assertFalse", [[false], [0], [null]], [[true], ["x"]]],
  [
    "assertEquals",
    [[1, 1], [NaN, NaN], [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }], [new Set([1]), new Set([1])], [
      new Uint8Array([1]),
      new Uint8Array([1]),
    ]],
    [[1, "1"], [{ a: undefined }, {}], [[1], [1, 2]], [new Date(1), new Date(2)], [/a/, /a/g], [
      new Uint8Array([1]),
      [1],
    ]],
  ],
  ["assertNotEquals", [[1, 2], [{ a: 1 }, { a: 2 }]], [[1, 1], [[1], [1]]]],
  ["assertStrictEquals", [[1, 1], [NaN, NaN]], [[{}, {}], [1, 2]]],
  ["assertExists", [[0], [""], [false]], [[null], [undefined]]],
  ["assertInstanceOf", [[new Date(), Date], [new TypeError(), Error]], [[{}, Date], [null, Date]]],
  ["assertStringIncludes", [["hello", "ell"]], [["hello", "x"]]],
  ["assertMatch", [["abc", /b/]], [["abc", /x/]]],
  ["assertNotMatch", [["abc", /x/]], [["abc", /b/]]],
  ["assertArrayIncludes", [[[1, 2, 3], [3, 1]], [[{ a: 1 }], [{ a: 1 }]]], [[[1], [2]]]],
  [
    "assertObjectMatch",
    [[{ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }], [{ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] }]],
    [[{ a: 1 }, { b: 1 }], [{ a: { b: 1 } }, { a: { b: 2 } }]],
  ],
  ["assertGreater", [[2, 1]], [[1, 1], [1, 2]]],
  ["assertGreaterOrEqual", [[2, 1], [1, 1]], [[1, 2]]],
  ["assertLess", [[1, 2]], [[1, 1], [2, 1]]],
  ["assertLessOrEqual", [[1, 2], [1, 1]], [[2, 1]]],
  ["fail", [], [[], ["because"]]],
];

for (const [name, holding, failing] of ASSERTIONS) {
  Deno.test(`@std/assert: ${name}() throws AssertionError exactly where it does not hold`, () => {
    const check = assertions[name] as (...args: unknown[]) => void;
    for (const args of holding) check(...args);
    for (const args of failing) assertThrows(() => check(...args), AssertionError);
  });
}

Deno.test("@std/assert: assertThrows() gives the error, and minds its class and its message", () => {
  const error = new TypeError("no such thing");
  const throwing = () => {
    throw error;
  };
  assert(assertThrows(throwing, TypeError, "such") === error);
  assert(assertThrows(throwing) === error);
  for (const wrong of [() => assertThrows(() => {}), () => assertThrows(throwing, RangeError)]) {
    assertThrows(wrong, AssertionError);
  }
  assertThrows(() => assertThrows(throwing, TypeError, "other"), AssertionError);
});

Deno.test("@std/assert: assertRejects() gives the error, and minds its class and its message", async () => {
  const error = new TypeError("no such thing");
  assert(await assertRejects(() => Promise.reject(error), TypeError, "such") === error);
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.reject(error), RangeError), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.reject(error), TypeError, "other"), AssertionError);
});

Deno.test("@std/assert: a message that is given is told", () => {
  for (const failing of [() => assert(false, "told"), () => assertEquals(1, 2, "told")]) {
    assertThrows(failing, AssertionError, "told");
  }
});

Deno.test("@std/crypto: timingSafeEqual() compares views and buffers byte by byte", () => {
  const bytes = new Uint8Array([9, 1, 2, 3]);
  assert(timingSafeEqual(bytes.subarray(1), new Uint8Array([1, 2, 3])));
  assert(timingSafeEqual(bytes.buffer, new DataView(new Uint8Array(bytes).buffer)));
  assertEquals(timingSafeEqual(new Uint8Array([1, 2, 3]), new Uint8Array([1, 2, 4])), false);
  assert(timingSafeEqual(new Uint8Array(), new Uint8Array()));
});

Deno.test("@std/dotenv: parse() reads what its documentation describes", () => {
  const cases: Record<string, Record<string, string>> = {
    "GREETING=hello world": { GREETING: "hello world" },
    "A=1\r\nB=2\n\n# C=3\nD=4 # a comment": { A: "1", B: "2", D: "4" },
    "A=\nB=''\nC=\"\"": { A: "", B: "", C: "" },
    "  export A = 1  ": { A: "1" },
    "A='it is # quoted'\nB=\"so # is this\" # a comment": { A: "it is # quoted", B: "so # is this" },
    'A="tab\\tand \\"quotes\\" and \\\\"\nB=\'\\t\'': { A: 'tab\tand "quotes" and \\', B: "\\t" },
    "A=\"two\nlines\"\nB='two\nlines'": { A: "two\nlines", B: "two\nlines" },
    "A=a=b\nA2=`x`": { A: "a=b", A2: "`x`" },
    "A=1\nA=2": { A: "2" },
    "A-B=1\n1A=2\nC=3": { C: "3" },
  };
  for (const [text, expected] of Object.entries(cases)) assertEquals({ ...parse(text) }, expected, text);
});

Deno.test("@std/http: codes and phrases fit together, and are those of the RFCs", () => {
  assertEquals([STATUS_CODE.OK, STATUS_CODE.Unauthorized, STATUS_CODE.ContentTooLarge], [200, 401, 413]);
  assertEquals([STATUS_TEXT[200], STATUS_TEXT[405], STATUS_TEXT[413]], [
    "OK",
    "Method Not Allowed",
    "Content Too Large",
  ]);
});

Deno.test("@std/http: the stand-in's codes and phrases are the library's", async () => {
  const standIn = await import("../../lib/stand_ins/http.ts");
  for (const [name, code] of Object.entries(standIn.STATUS_CODE)) {
    assertEquals((STATUS_CODE as Record<string, number>)[name], code, name);
  }
  for (const [code, phrase] of Object.entries(standIn.STATUS_TEXT)) {
    assertEquals((STATUS_TEXT as Record<string, string>)[code], phrase, code);
  }
});

Deno.test({
  name: "@std/path: paths are taken apart and put together as documented",
  ignore: Deno.build.os === "windows",
  fn() {
    assertEquals(path.join("/a", "..", "b", "./c.ts"), "/b/c.ts");
    assertEquals(path.resolve("/a/b", "../c"), "/a/c");
    assertEquals(path.relative("/a/b", "/a/c/d"), "../c/d");
    assertEquals([path.dirname("/a/b.ts"), path.basename("/a/b.ts"), path.extname("/a/b.ts")], [
      "/a",
      "b.ts",
      ".ts",
    ]);
    assertEquals([path.isAbsolute("/a"), path.isAbsolute("a")], [true, false]);
    assertEquals(path.normalize("/a//b/../c/"), "/a/c/");
    assertEquals(path.fromFileUrl("file:///a%20b/c%23"), "/a b/c#");
    assertEquals(path.toFileUrl("/a b/c#?%").href, "file:///a%20b/c%23%3F%25");
  },
});
