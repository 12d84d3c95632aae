import { assertEquals } from "@std/assert";
import { bytes, duration, number } from "../../lib/admin/pages/text.tsx";
import { coinBody, openRoom, update } from "./room.ts";

Deno.test("numbers, sizes and times are written for people", () => {
  assertEquals([0, 1234567].map(number), ["0", "1,234,567"]);
  assertEquals([0, 1023, 1024, 1536, 1048576, 1572864].map(bytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 KiB",
    "1.0 MiB",
    "1.5 MiB",
  ]);
  assertEquals([null, 0.4, 999.4, 1000, 1500, 59_000, 60_000, 150_000].map(duration), [
    "–",
    "0 ms",
    "999 ms",
    "1 s",
    "1.5 s",
    "59 s",
    "1 min",
    "3 min",
  ]);
});

Deno.test("a change is shown as what was and what is, a list as what left it and what came", async () => {
  await using room = await openRoom();
  const sites = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `s${from + index}`);
  const prose = "The bridge is closed until the end of the month for maintenance";
  const changes: [before: unknown, after: unknown, shown: string][] = [
    ["a", "b", "a→b"],
    ["", "b", "b"],
    ["a", "", "a"],
    ["", "", "no values"],
    [1, { x: null }, '1→{"x":null}'],
    [["a", "b"], ["b", "c"], "a→c1 kept"],
    [[], [], "empty list"],
    [sites(0, 8), sites(7, 15), `${sites(0, 6).join("")}→${sites(8, 14).join("")}2 more1 kept`],
    [prose, prose.replace("closed", "open"), prose.replace("closed", "closedopen")],
    ["x".repeat(161), "y", `${"x".repeat(160)}…→y`],
  ];
  const shown: string[] = [];
  for (const [before, after] of changes) {
    await room.deliver({ body: coinBody("aave", [update("links.x", before, after)]) });
    const html = await (await room.ask("/?limit=1")).text();
    const row = /<span class="change">(.*?)<span class="routes">/s.exec(html)![1]!;
    const text = row.replace(/<span class="field".*?<\/span>/s, "").replace(/<[^>]*>/g, "").trim();
    shown.push(text.replaceAll("&quot;", '"'));
  }
  assertEquals(shown, changes.map(([, , one]) => one));
});
