import {
  type Change,
  type Context,
  definePlugin,
  type Json,
  pairMigrations,
  platformName,
  shorten,
  z,
} from "coinrelay/plugin";
import { checkAddress } from "./_address_forms.ts";

const options = z.strictObject({
  windowMinutes: z.number().min(0).max(7 * 24 * 60).default(60).describe(
    "A removal and an addition of one coin this far apart are still one migration; the route should say order: coin",
  ),
});

/** Says what became of a coin's contracts, and checks the form and the checksum of every new address. */
export default definePlugin({
  description: "Pairs contract changes into migrations, checks addresses, emits relay.contract.*",
  events: ["cg.coin.info.updated"],
  options,
  async run({ coin, changes, receivedAt }, context) {
    const contracts = changes.filter(({ field }) => /^platforms\../.test(field)).map(asItHappened);
    if (contracts.length === 0) return;
    if (contracts.length > MAX_CHANGES) {
      context.log.warn(`${contracts.length} contracts changed at once; looking at ${MAX_CHANGES}`);
    }
    const now = Date.parse(receivedAt);
    const windowMs = context.options.windowMinutes * 60_000;
    const key = `recent/${coin.id.slice(0, MAX_COIN_ID).toWellFormed()}`;
    const earlier = coin.id === ""
      ? []
      : (await context.kv.get<Recent[]>(key) ?? []).filter(({ at }) => Math.abs(now - at) <= windowMs);

    const moves = pairUp(contracts.slice(0, MAX_CHANGES), earlier, now);
    for (const move of moves) tell(move, context);

    if (coin.id === "") return; // what belongs to nobody is paired with nothing
    const alone = moves.flatMap(({ from, to }) => from && to ? [] : [from ?? to]).filter((one) =>
      one !== undefined
    );
    const told = moves.flatMap(({ from, to }) => [from, to]).filter((one) => one !== undefined);
    const recent = [...without(earlier, told), ...alone].slice(-MAX_RECENT);
    await remember(key, recent, windowMs, context);
  },
});

/** An event makes at most 100 others, two for each change. */
const MAX_CHANGES = 50;
const MAX_RECENT = 20;
const MAX_COIN_ID = 200;
/** Longer than any address; more of what a stranger wrote is not handed on. */
const MAX_ADDRESS = 500;

/** A contract that came or went, and has no counterpart yet. */
type Recent = { gone: boolean; platform: string; address: string; at: number };

/** What became of a contract: gone (`from`), new (`to`), or moved. */
interface Move {
  from?: Recent | undefined;
  to?: Recent | undefined;
}

/** A change by its values: what was nothing is an addition, what is nothing a removal, and a type not known an update. */
function asItHappened(change: Change): Change {
  if (change.change_type === "addition" || change.change_type === "removal") return change;
  const [before, after] = [addressIn(change.old_value), addressIn(change.new_value)];
  const change_type = before === "" && after !== ""
    ? "addition"
    : before !== "" && after === ""
    ? "removal"
    : "update";
  return { ...change, change_type };
}

function addressIn(value: Json | undefined): string {
  return shorten(typeof value === "string" ? value : value ? JSON.stringify(value) : "", MAX_ADDRESS);
}

/** Whether a contract is where it was. Capitals are but the checksum of an EVM address. */
function isSame(from: Recent, to: Recent): boolean {
  const plain = (address: string) => /^0x[0-9a-f]{40}$/i.test(address) ? address.toLowerCase() : address;
  return from.platform === to.platform && plain(from.address) === plain(to.address);
}

/** What of `earlier` is not told again: twice the same, by a replay say, would leave open which of them has moved. */
function without(earlier: Recent[], again: Recent[]): Recent[] {
  return earlier.filter((one) => !again.some((other) => other.gone === one.gone && isSame(other, one)));
}

/** Updates, then pairs inside the event, then pairs with what came shortly before; what is left stands alone. */
function pairUp(changes: Change[], earlier: Recent[], at: number): Move[] {
  const side = ({ field }: Change, value: Json | undefined, gone: boolean): Recent => ({
    gone,
    platform: shorten(field.slice("platforms.".length), MAX_ADDRESS),
    address: addressIn(value),
    at,
  });
  const moves: Move[] = [];
  const alone: Recent[] = [];
  const inside = pairMigrations(changes);
  const paired = new Set(inside.flatMap(({ removal, addition }) => [removal, addition]));
  for (const change of changes) {
    const [before, after] = [side(change, change.old_value, true), side(change, change.new_value, false)];
    if (paired.has(change)) continue;
    if (change.change_type === "update") moves.push({ from: before, to: after });
    else alone.push(change.change_type === "removal" ? before : after);
  }
  for (const { removal, addition } of inside) {
    moves.push({
      from: side(removal, removal.old_value, true),
      to: side(addition, addition.new_value, false),
    });
  }
  const changeOf = new Map([...without(earlier, alone), ...alone].map((one) => [asChange(one), one]));
  for (const { removal, addition } of pairMigrations([...changeOf.keys()])) {
    const [from, to] = [changeOf.get(removal), changeOf.get(addition)];
    if (!from || !to || !(alone.includes(from) || alone.includes(to))) continue;
    // What comes back where it was, or is withdrawn, has not moved.
    if (isSame(from, to)) continue;
    moves.push({ from, to });
    for (const one of [from, to]) if (alone.includes(one)) alone.splice(alone.indexOf(one), 1);
  }
  return [...moves, ...alone.map((one): Move => one.gone ? { from: one } : { to: one })];
}

function asChange({ gone, platform, address }: Recent): Change {
  const field = `platforms.${platform}`;
  return gone
    ? { field, change_type: "removal", old_value: address }
    : { field, change_type: "addition", new_value: address };
}

function tell({ from, to }: Move, { emit }: Pick<Context, "emit">): void {
  const check = to ? checkAddress(to.platform, to.address) : null;
  const found = check ? { check: check.verdict, ...check.reason && { reason: check.reason } } : {};
  if (from && to && isSame(from, to)) {
    if (to.address === "") return;
  } else if (from && to) {
    const where = from.platform === to.platform
      ? `on ${platformName(to.platform)}`
      : `from ${platformName(from.platform)} to ${platformName(to.platform)}`;
    emit("relay.contract.migrated", {
      summary: `Contract migrated ${where}`,
      severity: "critical",
      from_platform: from.platform,
      to_platform: to.platform,
      old_address: from.address,
      new_address: to.address,
      ...found,
    });
  } else if (to) {
    emit("relay.contract.added", {
      summary: `Contract on ${platformName(to.platform)} added`,
      severity: "notice",
      platform: to.platform,
      address: to.address,
      ...found,
    });
  } else if (from) {
    emit("relay.contract.removed", {
      summary: `Contract on ${platformName(from.platform)} removed`,
      severity: "warning",
      platform: from.platform,
      address: from.address,
    });
  }
  if (to && check?.verdict === "invalid") {
    emit("relay.contract.invalid", {
      summary: `Contract address on ${platformName(to.platform)} is not valid: ${check.reason}`,
      severity: "critical",
      platform: to.platform,
      address: to.address,
      reason: check.reason,
    });
  }
}

/** So many lists tell which coins something is remembered of: a process that begins anew forgets what another left. */
const LISTS = 32;
/** Most bytes of all that one list leads to, itself included: together less than the 1 MiB that a route may remember. */
const LIST_BYTES = 24 * 1024;
const COIN_BYTES = 16 * 1024;
/** One run may write 256 keys. */
const MAX_FORGOTTEN = 100;

/** That something is remembered under a key: since when, and how many bytes it takes. */
type Listed = { key: string; since: number; bytes: number };

/**
 * What this process put on each list of each route. Runs that are under way together do not see what the others write,
 * and the last of them would take the others' keys off the list.
 */
const written = new Map<string, Listed[]>();

/** Keeps what is recent of a coin under its own key, and forgets others' that is over, or the oldest where it is too much. */
async function remember(
  key: string,
  recent: Recent[],
  windowMs: number,
  { kv, route }: Pick<Context, "kv" | "route">,
): Promise<void> {
  while (bytes(recent) > COIN_BYTES) recent.shift();
  const name = `list/${listOf(key)}`;
  const before = await kv.get<Listed[]>(name) ?? [];
  const now = Date.now();
  const mine = `${route}\n${name}`;
  const bySince = (a: Listed, b: Listed) => a.since - b.since;
  const all = [...before, ...written.get(mine) ?? []].sort(bySince);
  const latest = new Map(all.map((listed) => [listed.key, listed]));
  latest.delete(key);
  const list = [...latest.values()].sort(bySince);
  if (recent.length > 0) list.push({ key, since: now, bytes: bytes(recent) + 2 * bytes(key) + 60 });

  let size = list.reduce((sum, listed) => sum + listed.bytes, 0);
  const over = (one: Listed) => one.since + windowMs < now || size > LIST_BYTES;
  for (let forgotten = 0; list[0] && over(list[0]) && forgotten < MAX_FORGOTTEN; forgotten++) {
    const oldest = list.shift()!;
    kv.delete(oldest.key);
    size -= oldest.bytes;
  }
  if (list.length > 0) kv.set(name, list);
  else if (before.length > 0) kv.delete(name);
  written.set(mine, list);
  if (recent.length > 0) kv.set(key, recent);
  else kv.delete(key);
}

function listOf(key: string): number {
  let hash = 0;
  for (const char of key) hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
  return hash % LISTS;
}

const bytes = (value: Json) => new TextEncoder().encode(JSON.stringify(value)).length;
