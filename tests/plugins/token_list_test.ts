import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import schema from "@uniswap/token-lists/src/tokenlist.schema.json" with { type: "json" };
import { Ajv } from "ajv";
import formats from "ajv-formats";
import type { Change, Json, PluginEvent } from "coinrelay/plugin";
import tokenList from "../../plugins/token_list.ts";
import { attempt } from "./attempt.ts";
import { listen } from "./doubles/listen.ts";
import { updated } from "./events.ts";
import { HOSTILE, hostileEvent } from "./hostile.ts";

const ajv = new Ajv({ allErrors: true });
(formats as unknown as (ajv: Ajv) => void)(ajv);
const valid = ajv.compile(schema);

interface List {
  version: { major: number; minor: number; patch: number };
  timestamp: string;
  tokens: {
    chainId: number;
    address: string;
    decimals: number;
    name: string;
    symbol: string;
    logoURI?: string;
  }[];
}

/** A folder for a list, and what to do with it. */
async function desk() {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-" });
  const file = `${folder}/tokens.json`;
  const kv = new Map<string, Json>();
  return {
    file,
    apply: (event: PluginEvent, options: object = {}) =>
      attempt(tokenList, event, { options: { file, ...options }, kv }),
    /** The list, checked against the schema; null when there is none. */
    async list(): Promise<List | null> {
      const json = await Deno.readTextFile(file).catch(() => null);
      if (json === null) return null;
      const list: unknown = JSON.parse(json);
      assert(valid(list), ajv.errorsText(valid.errors));
      return list as unknown as List;
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const address = (digit: string | number) => "0x" + String(digit).padStart(40, "0");
const added = (platform: string, new_value: string): Change => ({
  field: `platforms.${platform}`,
  change_type: "addition",
  new_value,
});
const says = ({ version, tokens }: List) => [
  `${version.major}.${version.minor}.${version.patch}`,
  ...tokens.map((token) => `${token.chainId} ${token.address.slice(-2)} ${token.symbol} ${token.name}`),
];

Deno.test("token_list follows a coin's life, and its version rises as the standard asks", async () => {
  await using at = await desk();
  const step = async (changes: Change[], coin = { id: "tether", symbol: "usdt", name: "Tether" }) => {
    assertEquals((await at.apply(updated(changes, { coin }))).error, "");
    const list = await at.list();
    return list && says(list);
  };
  const change = (field: string, old_value: Json, new_value: Json): Change => ({
    field,
    change_type: "update",
    old_value,
    new_value,
  });
  assertEquals(await step([change("name", "a", "b")]), null, "a coin without contracts is in no list");
  assertEquals(await step([added("ethereum", address(1))]), ["1.0.0", "1 01 USDT Tether"]);
  assertEquals(await step([added("base", address(2))]), ["1.1.0", "1 01 USDT Tether", "8453 02 USDT Tether"]);
  const renamed = { id: "tether", symbol: "usdt0", name: "Tether USD" };
  assertEquals(await step([change("symbol", "usdt", "usdt0")], renamed), [
    "1.1.1",
    "1 01 USDT0 Tether USD",
    "8453 02 USDT0 Tether USD",
  ]);
  assertEquals(await step([change("symbol", "usdt", "usdt0")], renamed), [
    "1.1.1",
    "1 01 USDT0 Tether USD",
    "8453 02 USDT0 Tether USD",
  ], "the same again changes nothing");
  assertEquals(await step([change("platforms.ethereum", address(1), address(3))], renamed), [
    "2.0.0",
    "1 03 USDT0 Tether USD",
    "8453 02 USDT0 Tether USD",
  ]);
  assertEquals(
    await step([{ field: "platforms.ethereum", change_type: "removal", old_value: address(3) }], renamed),
    ["3.0.0", "8453 02 USDT0 Tether USD"],
  );
  assertEquals(
    await step([added("near-protocol", "usdt.near"), added("solana", "not an address")], renamed),
    [
      "3.0.0",
      "8453 02 USDT0 Tether USD",
    ],
  );
  assertEquals(
    await step([{ field: "platforms.base", change_type: "removal", old_value: address(2) }], renamed),
    null,
    "a list without tokens is no list",
  );
  assertEquals(await step([added("base", address(4))], renamed), ["4.1.0", "8453 04 USDT0 Tether USD"]);
});

Deno.test("token_list keeps what an event adds to a chain, in whatever order it names what left it", async () => {
  const gone = (platform: string, old_value: string): Change => ({
    field: `platforms.${platform}`,
    change_type: "removal",
    old_value,
  });
  const events: [changes: Change[], left: string][] = [
    [[gone("x1", address(1)), added("x1", address(2))], "2"],
    // Two names of one chain.
    [[gone("x1", address(1)), added("x-layer", address(1))], "1"],
  ];
  for (const [changes, left] of events) {
    for (const order of [changes, changes.toReversed()]) {
      await using at = await desk();
      await at.apply(updated([added("x1", address(1))]), { decimals: { [address(1)]: 6 } });
      await at.apply(updated(order));
      const tokens = (await at.list())?.tokens ?? [];
      assertEquals(tokens.map((token) => token.address), [address(left)]);
      if (left === "1") assertEquals(tokens[0]!.decimals, 6);
    }
  }
});

Deno.test("token_list equals a list computed separately after ten thousand random events, valid after each", async () => {
  await using at = await desk();
  let seed = 20260413;
  // https://en.wikipedia.org/wiki/Linear_congruential_generator: the same events on every run.
  const random = (below: number) => (seed = (seed * 1664525 + 1013904223) % 2 ** 32) % below;
  const chains = { "ethereum": 1, "base": 8453, "polygon-pos": 137 } as const;
  const platforms = Object.keys(chains) as (keyof typeof chains)[];
  /** What is true: for each coin its names, and for each chain its address. */
  const coins = Array.from({ length: 12 }, (_, i) => ({
    id: `coin-${i}`,
    name: `Coin ${i}`,
    symbol: `c${i}`,
    at: new Map<keyof typeof chains, string>(),
  }));
  let expected: string[] = [];
  const version = [0, 0, 0];
  for (let n = 0; n < 10_000; n++) {
    const coin = coins[random(coins.length)]!;
    const platform = platforms[random(platforms.length)]!;
    const before = coin.at.get(platform);
    const field = `platforms.${platform}`;
    const other = address(`${n}`);
    const changes: Change[] = [];
    const kind = random(8);
    if (kind < 4 && before === undefined && coin.at.size < 3 && random(3) === 0) {
      changes.push(added(platform, other));
      coin.at.set(platform, other);
    } else if (kind === 4 && before !== undefined) {
      changes.push({ field, change_type: "removal", old_value: before, new_value: "" });
      coin.at.delete(platform);
    } else if (kind === 5 && before !== undefined) {
      changes.push({ field, change_type: "update", old_value: before, new_value: other });
      coin.at.set(platform, other);
    } else if (kind === 6) {
      const name = `Coin ${random(1000)}`;
      changes.push({ field: "name", change_type: "update", old_value: coin.name, new_value: name });
      coin.name = name;
    } else {
      changes.push({ field: "categories", change_type: "addition", new_value: "stablecoins" });
    }
    const { id, name, symbol } = coin;
    const ending = await at.apply(updated(changes, { coin: { id, name, symbol } }));
    if (ending.error !== "") assertEquals(ending.error, "");

    const now = coins.flatMap((one) =>
      [...one.at].map(([platform, place]) =>
        `${String(chains[platform]).padStart(6)} ${place}|${one.symbol.toUpperCase()}|${one.name}`
      )
    ).sort();
    const places = (tokens: string[]) => new Set(tokens.map((token) => token.split("|")[0]));
    if (places(expected).difference(places(now)).size > 0) version.splice(0, 3, version[0]! + 1, 0, 0);
    else if (places(now).difference(places(expected)).size > 0) {
      version.splice(0, 3, ...version[0] === 0 ? [1, 0, 0] : [version[0]!, version[1]! + 1, 0]);
    } else if (now.join() !== expected.join()) version[2]!++;
    expected = now;

    const list = await at.list();
    const told = list?.tokens.map(({ chainId, address, symbol, name }) =>
      `${String(chainId).padStart(6)} ${address}|${symbol}|${name}`
    ) ?? [];
    if (told.join() !== expected.join()) {
      assertEquals(told, expected, `after event ${n}`);
    }
    if (list) {
      assertEquals(Object.values(list.version), version, `after event ${n}`);
    }
  }
  assert(version[0]! > 100, "tokens were removed now and then");
});

Deno.test("token_list keeps the address that came before the removal of the one it follows was told", async () => {
  await using at = await desk();
  const [old, fresh] = [address("A"), address("B")];
  await at.apply(updated([added("ethereum", old)]));
  await at.apply(updated([added("ethereum", fresh)]));
  const removal = (old_value: string): Change => ({
    field: "platforms.ethereum",
    change_type: "removal",
    old_value,
  });
  await at.apply(updated([removal(old)]));
  assertEquals((await at.list())!.tokens.map((token) => token.address), [fresh]);
  await at.apply(updated([removal(fresh.toLowerCase())]));
  assertEquals(await at.list(), null);
});

Deno.test("token_list keeps what it finds in a list of one's own", async () => {
  await using at = await desk();
  const mine = {
    name: "My list",
    timestamp: "2026-01-01T00:00:00.000Z",
    version: { major: 7, minor: 1, patch: 0 },
    keywords: ["mine"],
    tokens: [{ chainId: 1, address: address(1), decimals: 6, name: "Old", symbol: "OLD", tags: ["stable"] }],
  };
  await Deno.writeTextFile(at.file, JSON.stringify(mine));
  await at.apply(
    updated([{ field: "platforms.ethereum", change_type: "update", old_value: "", new_value: address(1) }]),
  );
  const list = await at.list();
  assertEquals(list, {
    ...mine,
    timestamp: "2026-04-13T07:40:00.000Z",
    version: { major: 7, minor: 1, patch: 1 },
    tokens: [{ ...mine.tokens[0], name: "Tether", symbol: "USDT", extensions: { coinId: "tether" } }],
  } as unknown as List);
});

Deno.test("token_list asks the contract for its decimals, takes those it is told, and says when it assumes", async () => {
  await using at = await desk();
  await using server = listen(({ body }) => {
    const [{ to, data }] = JSON.parse(body).params;
    assertEquals(data, "0x313ce567");
    return Response.json({
      jsonrpc: "2.0",
      id: 1,
      result: to === address(1) ? "0x" + "6".padStart(64, "0") : "0x",
    });
  });
  const options = {
    rpc: { ethereum: server.origin },
    decimals: { [address("A")]: 8 },
    logoBase: "https://l.example/{id}/{image}",
  };
  const image: Change = { field: "image", change_type: "update", old_value: "a.png", new_value: "b c.png" };
  await at.apply(
    updated([added("ethereum", address(1)), added("base", address("a")), added("fantom", address(3)), image]),
    options,
  );
  const list = await at.list();
  assertEquals(list!.tokens.map(({ decimals }) => decimals), [6, 18, 8]);
  assertEquals(list!.tokens[1]!.logoURI, "https://l.example/tether/b%20c.png");
  assertStringIncludes(JSON.stringify(list!.tokens[1]), "decimalsAssumed");
  const refused = await at.apply(updated([added("ethereum", address(2))]), options);
  assertEquals([refused.outcome, (await at.list())!.tokens.length], ["retry", 3]);
});

Deno.test("token_list applies events that run at once one after another", async () => {
  await using at = await desk();
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      at.apply(
        updated([added("ethereum", address(i))], { coin: { id: `coin-${i}`, symbol: "c", name: "C" } }),
      )),
  );
  const list = await at.list();
  assertEquals([list!.tokens.length, list!.version], [50, { major: 1, minor: 49, patch: 0 }]);
});

Deno.test("token_list applies the events of two of its processes one after another, as while it is exchanged", async () => {
  await using at = await desk();
  await at.apply(updated([added("ethereum", address(0))]));
  const again: string = "../../plugins/token_list.ts?of-another-process";
  const { default: other } = await import(again);
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, i) => {
      const coin = { id: `coin-${i}`, symbol: "c", name: "C" };
      const event = updated([added("ethereum", address(i + 1))], { coin });
      return attempt(i % 2 === 0 ? tokenList : other, event, { options: { file: at.file } });
    }),
  );
  assertEquals(results.filter(({ error }) => error !== ""), []);
  assertEquals((await at.list())!.tokens.length, 51);
});

Deno.test("token_list leaves a file alone that is no token list", async () => {
  await using at = await desk();
  const version = '"version":{"major":1,"minor":0,"patch":0}';
  const edited = [
    `{"tokens":[null],${version}}`,
    `{"tokens":[{"chainId":1}],${version}}`,
    '{"tokens":[],"version":{"major":1}}',
  ];
  for (const text of ["{", "[]", '{"tokens":1}', "", ...edited]) {
    await Deno.writeTextFile(at.file, text);
    const { outcome, error } = await at.apply(updated([added("ethereum", address(1))]));
    assertEquals(outcome, "permanent");
    assertStringIncludes(error, "is no token list");
    assertEquals(await Deno.readTextFile(at.file), text);
  }
});

Deno.test("token_list stays valid whatever strangers write", async (step) => {
  for (const [says, text] of Object.entries(HOSTILE)) {
    await step.step(says, async () => {
      await using at = await desk();
      const coin = { id: text || "x", name: text, symbol: text };
      const { error } = await at.apply(
        updated([added("base", address(1)), ...hostileEvent(text).changes], { coin }),
      );
      assertEquals(error, "");
      assertEquals((await at.list())!.tokens.length, 1);
    });
  }
});
