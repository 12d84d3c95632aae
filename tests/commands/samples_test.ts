import { assert, assertEquals } from "@std/assert";
import { SAMPLES } from "../../lib/samples.ts";
import { sign } from "../../lib/verify/signature.ts";
import type { Change, Json } from "../../lib/nouns.ts";
import { GOLDEN_SECRET, GOLDEN_VECTORS } from "../verify/golden_vectors.ts";

const bodies = SAMPLES.map(({ body }) => JSON.parse(body));
const changes: Change[] = bodies.flatMap(({ data }) => data.changes ?? []);
const values = (field: RegExp) =>
  changes.filter((change) => field.test(change.field)).flatMap((
    { old_value, new_value },
  ) => [old_value, new_value]);
const has = (field: RegExp, test: (value: Json | undefined) => boolean) => values(field).some(test);

Deno.test("the samples hold the bodies of three golden vectors, byte for byte", () => {
  for (const { body, timestamp, id, signature } of GOLDEN_VECTORS.slice(0, 3)) {
    const sample = SAMPLES.find((one) => one.body === body);
    assert(sample, body);
    assertEquals(sign(GOLDEN_SECRET, timestamp, id, new TextEncoder().encode(sample.body)), signature);
  }
});

Deno.test("the samples cover every field that the provider documents", () => {
  const fields = [
    /^id$/,
    /^symbol$/,
    /^name$/,
    /^web_slug$/,
    /^image$/,
    /^categories$/,
    /^platforms\./,
    /^public_notices$/,
    /^additional_notices\./,
    /^links\.homepage$/,
    /^links\.official_forum_url$/,
    /^links\.chat_url$/,
    /^links\.announcement_url$/,
    /^links\.whitepaper$/,
    /^links\.twitter_screen_name$/,
    /^links\.repos_url\.github$/,
  ];
  for (const field of fields) assert(changes.some((change) => field.test(change.field)), String(field));
});

Deno.test("the samples cover every kind of change and of value", () => {
  for (const type of ["addition", "update", "removal"]) {
    assert(changes.some(({ change_type }) => change_type === type), type);
  }
  assert(has(/^additional_notices\./, (value) => value === true));
  assert(has(/^additional_notices\./, (value) => value === null));
  assert(has(/^links\.homepage$/, Array.isArray));
  assert(has(/^links\./, (value) => Array.isArray(value) && value.length === 0));
  assert(has(/^public_notices$/, (value) => value === ""));
  assert(
    changes.some((change) => !("old_value" in change)) && changes.some((change) => !("new_value" in change)),
  );
  const migration = bodies.find(({ data }) =>
    data.changes?.some(({ field, change_type }: Change) =>
      field === "platforms.xdai" && change_type === "removal"
    )
  );
  assert(
    migration.data.changes.some(({ field, change_type }: Change) =>
      field === "platforms.ethereum" && change_type === "addition"
    ),
  );
});

Deno.test("the samples hold each event without changes that the provider announces", () => {
  const types = bodies.filter(({ data }) => !("changes" in data)).map(({ event_type }) => event_type);
  assertEquals(types.toSorted(), [
    "cg.coin.exchange.added",
    "cg.coin.listed",
    "cg.coin.price.moved",
    "cg.coin.price.updated",
  ]);
});

Deno.test("each sample has a name of its own that can be typed", () => {
  assertEquals(new Set(SAMPLES.map(({ name }) => name)).size, SAMPLES.length);
  for (const { name, summary } of SAMPLES) assert(/^[a-z-]+$/.test(name) && summary.length > 5, name);
});
