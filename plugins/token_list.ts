import {
  chainIdOf,
  type Change,
  clean,
  type Context,
  definePlugin,
  type Json,
  Permanent,
  type PluginEvent,
  post,
  shorten,
  z,
} from "coinrelay/plugin";

const options = z.strictObject({
  file: z.string().min(1).describe("The list; allow.write names it, or its folder"),
  name: z.string().regex(/^[\w ]{1,30}$/, "has 1 to 30 letters, digits and spaces").default("coinrelay"),
  logoBase: z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" }).optional().describe(
    "Where logos are: the image's file name takes the place of {image}, the coin's id that of {id}",
  ),
  decimals: z.record(z.string(), z.int().min(0).max(255)).default({}).describe(
    "Decimals by address; events do not tell them",
  ),
  rpc: z.record(z.string(), z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" })).default(
    {},
  ).describe(
    'JSON-RPC servers by platform, to ask a new token for its decimals: { "ethereum": "https://…" }',
  ),
  chains: z.record(z.string(), z.int().min(1)).default({}).describe(
    "Chain ids of platforms that are not known here",
  ),
});
type Options = z.output<typeof options>;

/** Keeps a token list (https://tokenlists.org) true to the events: names, symbols, logos, addresses by chain. */
export default definePlugin({
  description: "Keeps a token list file true to the events",
  events: ["cg.coin.info.updated"],
  options,
  run(event, context) {
    // One at a time for each file: every event builds on what the one before has written.
    const { file } = context.options;
    const mine = (turns.get(file) ?? Promise.resolve()).then(async () => {
      using _held = await hold(folderOf(file));
      await update(event, context);
    });
    turns.set(file, mine.catch(() => {}));
    return mine;
  },
});

const turns = new Map<string, Promise<void>>();

/**
 * Holds a folder against other processes until it is closed: while this plugin is exchanged, two of its own write the list.
 * Null where there is no folder yet.
 */
async function hold(folder: string): Promise<Deno.FsFile | null> {
  const opened = await Deno.open(folder).catch(() => null);
  await opened?.lock(true).catch(() => {}); // where a system locks no folders, there is nothing to be done
  return opened;
}

/** As https://uniswap.org/tokenlist.schema.json has it; what else a token has is kept. */
interface Token {
  chainId: number;
  address: string;
  decimals: number;
  name: string;
  symbol: string;
  logoURI?: string;
  extensions?: Record<string, Json>;
}
interface Version {
  major: number;
  minor: number;
  patch: number;
}
interface TokenList {
  name: string;
  timestamp: string;
  version: Version;
  tokens: Token[];
}

const ADDRESS = /^(0x[a-fA-F0-9]{40}|[1-9A-HJ-NP-Za-km-z]{32,44})$/;
const MAX_TOKENS = 10_000;
/** The chain id that token lists have for Solana, which has none of its own. */
const SOLANA = 501000101;

async function update(event: PluginEvent, context: Context<Options>): Promise<void> {
  const { file, name } = context.options;
  if (event.coin.id === "") return;
  const list = await read(file);
  const before = list?.tokens ?? [];
  const tokens = await apply(before, event, context);
  const bump = upgrade(before, tokens);
  if (bump === null) return;
  // A list without tokens is no list by the schema: then there is no file, and the version is remembered.
  const last = list?.version ?? await context.kv.get<Json>("version") as unknown as Version | undefined;
  const version = last === undefined ? { major: 1, minor: 0, patch: 0 } : next(last, bump);
  if (tokens.length > MAX_TOKENS) {
    throw new Permanent(`${file}: a token list has at most ${MAX_TOKENS} tokens`);
  }
  if (tokens.length === 0) {
    context.kv.set("version", { ...version });
    return await Deno.remove(file);
  }
  await write(file, {
    ...list ?? { name },
    timestamp: new Date(event.receivedAt).toISOString(),
    version,
    tokens,
  });
}

/** The tokens after an event. Where nothing changes, the very same. */
async function apply(before: Token[], event: PluginEvent, context: Context<Options>): Promise<Token[]> {
  const coinId = await keyOf(event.coin.id);
  let tokens = before;
  // Removals first: an event may name them last, and what it adds to the same chain stays.
  const order = event.changes.toSorted((a, b) => rank(a) - rank(b));
  for (const { field, change_type, old_value, new_value } of order) {
    if (!field.startsWith("platforms.")) continue;
    const platform = field.slice("platforms.".length);
    const chainId = chainOf(platform, context.options);
    if (chainId === null) {
      context.log.info(`${clean(platform)} has no chain id: left out`);
      continue;
    }
    if (change_type === "removal" && arrives(event, chainId, text(old_value), context.options)) continue;
    const gone = tokens.find((token) =>
      token.chainId === chainId && ours(token, coinId, old_value) &&
      // What is removed late has left already: another address has come since.
      (change_type !== "removal" || text(old_value) === "" || same(token.address, text(old_value)))
    );
    const address = change_type === "removal" ? "" : text(new_value);
    if (address !== "" && !ADDRESS.test(address)) {
      context.log.warn(
        `${shorten(clean(address), 80)} on ${clean(platform)} is no address that a token list takes`,
      );
    }
    if (ADDRESS.test(address)) {
      const there = tokens.find((token) => token.chainId === chainId && same(token.address, address));
      const token = there ?? await newToken(chainId, address, platform, context);
      tokens = tokens.filter((one) => one !== gone && one !== there);
      tokens = [...tokens, { ...token, extensions: { ...token.extensions, coinId } }];
    } else if (gone && change_type !== "addition") {
      tokens = tokens.filter((token) => token !== gone);
    }
  }
  const said = saidOf(event, context.options);
  return tokens.map((token) => token.extensions?.coinId === coinId ? { ...token, ...said } : token).sort(
    byPlace,
  );
}

const rank = ({ change_type }: Change) => change_type === "removal" ? 0 : 1;

/** Whether an event brings an address to a chain, maybe by another of the chain's names: then it has not left. */
function arrives({ changes }: PluginEvent, chainId: number, address: string, options: Options): boolean {
  return address !== "" &&
    changes.some(({ field, change_type, new_value }) =>
      change_type !== "removal" && field.startsWith("platforms.") && same(text(new_value), address) &&
      chainOf(field.slice("platforms.".length), options) === chainId
    );
}

/** The name, symbol and logo that an event tells. */
function saidOf({ coin, changes }: PluginEvent, { logoBase }: Options): Partial<Token> {
  const changed = (field: string) => text(changes.findLast((change) => change.field === field)?.new_value);
  // The schema: no white space but single spaces in a name, none at all in a symbol.
  const name = shorten(clean(changed("name") || coin.name), 60);
  const symbol = shorten(clean(changed("symbol") || coin.symbol).replaceAll(" ", "").toUpperCase(), 20);
  const image = clean(changed("image"));
  const logo = logoBase?.replaceAll("{id}", encodeURIComponent(coin.id.toWellFormed()))
    .replaceAll("{image}", encodeURIComponent(image));
  return { ...name && { name }, ...symbol && { symbol }, ...logo && image && { logoURI: logo } };
}

/** Events do not tell decimals. Where nobody does, they are taken to be 18, and the token says so. */
async function newToken(
  chainId: number,
  address: string,
  platform: string,
  context: Context<Options>,
): Promise<Token> {
  const { decimals, rpc } = context.options;
  const server = Object.hasOwn(rpc, platform) ? rpc[platform] : undefined;
  const told = Object.entries(decimals).find(([known]) => same(known, address))?.[1] ??
    (server === undefined ? undefined : await askDecimals(server, address, context));
  const token = { chainId, address, decimals: told ?? 18, name: "", symbol: "" };
  return told === undefined ? { ...token, extensions: { decimalsAssumed: true } } : token;
}

/** Asks the contract itself: `decimals()` of https://eips.ethereum.org/EIPS/eip-20. */
async function askDecimals(server: string, address: string, context: Context<Options>): Promise<number> {
  const json = {
    jsonrpc: "2.0",
    id: 1,
    method: "eth_call",
    params: [{ to: address, data: "0x313ce567" }, "latest"],
  };
  const { text } = await post(context, server, { json });
  const result = (JSON.parse(text) as { result?: unknown }).result;
  const value = typeof result === "string" && /^0x[0-9a-f]{1,64}$/i.test(result) ? BigInt(result) : -1n;
  if (value < 0n || value > 255n) {
    throw new Error(`${new URL(server).origin} tells no decimals of ${address}`);
  }
  return Number(value);
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function chainOf(platform: string, { chains }: Options): number | null {
  if (Object.hasOwn(chains, platform)) return chains[platform] ?? null;
  return platform === "solana" ? SOLANA : chainIdOf(platform);
}

const same = (a: string, b: string) => a === b || (a.startsWith("0x") && a.toLowerCase() === b.toLowerCase());

/** Whether it is this coin's token, or has its old address and belongs to nobody. */
function ours({ address, extensions }: Token, coinId: string, old: Json | undefined): boolean {
  if (extensions?.coinId !== undefined) return extensions.coinId === coinId;
  return same(address, text(old));
}

function byPlace(a: Token, b: Token): number {
  return a.chainId - b.chainId || (a.address < b.address ? -1 : a.address > b.address ? 1 : 0);
}

/** A coin's id as an extension, whose text has at most 42 characters. */
async function keyOf(id: string): Promise<string> {
  if (id.length <= 42) return id.toWellFormed();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(id)));
  return hash.toHex().slice(0, 42);
}

/** By https://uniswap.org/tokenlist.schema.json: tokens removed, tokens added, details changed, or nothing (null). */
function upgrade(before: Token[], after: Token[]): keyof Version | null {
  const index = (tokens: Token[]) =>
    new Map(tokens.map((token) => [`${token.chainId}:${token.address}`, token]));
  const [old, now] = [index(before), index(after)];
  if ([...old.keys()].some((key) => !now.has(key))) return "major";
  if ([...now.keys()].some((key) => !old.has(key))) return "minor";
  const changed = [...now].some(([key, token]) => JSON.stringify(token) !== JSON.stringify(old.get(key)));
  return changed ? "patch" : null;
}

function next({ major, minor, patch }: Version, bump: keyof Version): Version {
  if (bump === "major") return { major: major + 1, minor: 0, patch: 0 };
  return bump === "minor" ? { major, minor: minor + 1, patch: 0 } : { major, minor, patch: patch + 1 };
}

/** The list as it is; null when there is none yet. */
async function read(file: string): Promise<TokenList | null> {
  let json: string;
  try {
    json = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw refused(error, file);
  }
  try {
    const list = JSON.parse(json) as TokenList;
    if (Array.isArray(list.tokens) && list.tokens.every(isToken) && isVersion(list.version)) return list;
  } catch {
    // Told below.
  }
  throw new Permanent(`${file} is no token list: move it away, and a new one is begun`);
}

/** What this plugin relies on; someone may have edited the file by hand. */
const isToken = (token: Token | null) =>
  typeof token?.chainId === "number" && typeof token.address === "string";
const isVersion = ({ major, minor, patch }: Version) => [major, minor, patch].every(Number.isInteger);

const folderOf = (file: string) => file.slice(0, file.lastIndexOf("/") + 1) || ".";

/** All or nothing, where the route grants the folder: written beside it, synced, and moved into its place. */
async function write(file: string, list: TokenList): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(list, null, 2) + "\n");
  const part = `${file}.part`;
  try {
    if (file.includes("/")) await Deno.mkdir(folderOf(file), { recursive: true });
    await put(part, bytes);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return await put(file, bytes).catch((error) => {
      throw refused(error, file);
    });
  }
  await Deno.rename(part, file);
}

async function put(file: string, bytes: Uint8Array): Promise<void> {
  using opened = await Deno.open(file, { write: true, create: true, truncate: true });
  for (let sent = 0; sent < bytes.length;) sent += await opened.write(bytes.subarray(sent));
  await opened.sync();
}

/** An error that nobody but the one who runs the relay can do something about, in words for that. */
function refused(error: unknown, file: string): unknown {
  if (error instanceof Deno.errors.NotFound) {
    return new Permanent(
      `${file}: its folder is not there: make it, or have "allow": { "write": […] } name the folder`,
    );
  }
  if (!(error instanceof Deno.errors.NotCapable)) return error;
  return new Permanent(
    `${file}: the route does not grant it: name its folder, "allow": { "write": ["./lists"] }`,
  );
}
