/** What messages are made by: which changes belong together, how grave each is, and what is shown of a text. */
import { assertEquals } from "@std/assert";
import {
  type Change,
  clean,
  describe,
  gravest,
  type Json,
  pairMigrations,
  severityOf,
  shorten,
} from "coinrelay/plugin";
import { sampleEvent } from "coinrelay/plugin/testing";

const EVM = `0x${"ab".repeat(20)}`;

Deno.test("a removal and an addition are paired where it is plain that they belong together, and only then", () => {
  const pairs = (
    removed: [platform: string, address: string][],
    added: [platform: string, address: string][],
  ) =>
    pairMigrations([
      ...removed.map(([on, old_value]): Change => ({
        field: `platforms.${on}`,
        change_type: "removal",
        old_value,
      })),
      ...added.map(([on, new_value]): Change => ({
        field: `platforms.${on}`,
        change_type: "addition",
        new_value,
      })),
    ]).map(({ removal, addition }) =>
      [removal.field, addition.field].map((field) => field.slice(10)).join(" to ")
    );
  assertEquals(pairs([["a", "one"]], [["b", "two"]]), ["a to b"]);
  assertEquals(pairs([["a", EVM]], [["b", "other"], ["c", EVM.toUpperCase().replace("0X", "0x")]]), [
    "a to c",
  ]);
  assertEquals(
    pairs([["a", "Same"]], [["b", "same"], ["c", "other"]]),
    [],
    "capitals count but in an EVM address",
  );
  assertEquals(pairs([["a", EVM]], [["b", EVM], ["c", EVM]]), [], "which of two");
  assertEquals(pairs([["a", "one"]], [["b", "two"], ["c", "three"]]), [], "which of two");
  assertEquals(pairs([["a", "one"], ["b", "two"]], [["c", "three"]]), [], "whose of two");
  assertEquals(pairs([["a", ""]], [["b", ""], ["c", "three"]]), [], "nothing is no address");
});

Deno.test("how grave a change is follows from its field, and from what is left of it", () => {
  const of = (field: string, change_type: Change["change_type"], new_value: Json) =>
    severityOf({ field, change_type, old_value: "before", new_value });
  assertEquals(of("public_notices", "update", "hacked"), "critical");
  assertEquals([of("public_notices", "removal", null), of("public_notices", "update", "")], [
    "notice",
    "notice",
  ]);
  assertEquals(of("platforms.ethereum", "update", EVM), "critical");
  assertEquals([of("platforms.ethereum", "removal", null), of("platforms.ethereum", "addition", EVM)], [
    "warning",
    "notice",
  ]);
  assertEquals([true, false, "yes"].map((value) => of("additional_notices.halted", "update", value)), [
    "warning",
    "notice",
    "notice",
  ]);
  assertEquals([gravest([]), gravest(["info"]), gravest(["notice", "critical", "info"])], [
    "info",
    "info",
    "critical",
  ]);
});

Deno.test("a text is never longer than it may be, and no letter bears more marks than a script needs", () => {
  for (let max = 1; max <= 14; max++) {
    assertEquals([max, shorten("abcdefghijklm", max).length], [max, Math.min(max, 13)]);
  }
  assertEquals(clean("a" + "\u0301".repeat(9)).length, 5);
});

Deno.test("what a stranger sends is no severity, no address and no coin's page but what it may be", () => {
  const coin = { id: "../a?b", symbol: "", name: "" };
  const event = sampleEvent({
    type: "cg.new.kind",
    coin,
    test: true,
    data: { severity: "critical", summary: "x" },
  });
  const { severity, url, test } = describe(event);
  assertEquals([severity, url, test], ["notice", "https://www.coingecko.com/en/coins/..%2Fa%3Fb", true]);
  const coinPage = "https://x.example/{id}/of/{id}";
  assertEquals(describe(event, { coinPage }).url, "https://x.example/..%2Fa%3Fb/of/..%2Fa%3Fb");
});
