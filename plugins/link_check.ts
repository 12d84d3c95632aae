import { domainToUnicode } from "node:url";
import { parse } from "tldts";
import unhomoglyph from "unhomoglyph";
import {
  type Change,
  changeWords,
  clean,
  type Context,
  definePlugin,
  type Json,
  Permanent,
  type PluginEvent,
  shorten,
  z,
} from "coinrelay/plugin";

const options = z.strictObject({
  timeoutSeconds: z.number().positive().max(60).default(10).describe(
    "How long a link may take to answer, with all that it redirects to",
  ),
  attempts: z.int().min(1).max(10).default(3).describe(
    "A site that does not answer so many times is dead. Not more than the route's retry.maxAttempts: with fewer of those " +
      "the delivery becomes a dead letter, and nothing is emitted",
  ),
});
type Options = z.output<typeof options>;

/** Looks at each new official link: where it leads, and whether it is what it seems. */
export default definePlugin({
  description: "Checks new official links, emits relay.link.checked or relay.link.suspicious",
  events: ["cg.coin.info.updated"],
  options,
  async run(event, context) {
    const links = newLinks(event);
    if (links.length > MAX_LINKS) context.log.warn(`${links.length} new links; looking at ${MAX_LINKS}`);
    const found = await Promise.all(links.slice(0, MAX_LINKS).map((link) => look(link, context)));
    mayTell(found, context);
    const { attempt, options: { attempts } } = context;
    for (const { link, reasons, answer } of found) {
      const suspicious = reasons.length > 0;
      const { text, url, change } = link;
      context.emit(suspicious ? "relay.link.suspicious" : "relay.link.checked", {
        summary: `${changeWords(change)}: the new link ${
          suspicious ? "looks suspicious" : "is as it should be"
        }`,
        severity: isGrave(reasons) ? "critical" : suspicious ? "warning" : "info",
        field: shorten(change.field, 200),
        link: shorten(clean(text), 2000),
        ...suspicious && { reasons },
        // As a browser shows it, and as it is.
        ...url?.hostname.includes("xn--") && { host: url.hostname, shown_as: domainToUnicode(url.hostname) },
        ...answer?.silent !== undefined && attempt < attempts && { asked: `${attempt} of ${attempts} times` },
        ...answer?.status !== undefined && { status: answer.status },
        ...answer?.url !== undefined && answer.url !== url?.href && { leads_to: shorten(answer.url, 2000) },
      });
    }
  },
});

/** More new links in one event are not looked at. */
const MAX_LINKS = 30;
const MAX_REDIRECTS = 5;

/** Why a link is suspicious, in the order in which it is told. */
const REASONS = [
  /** Its domain imitates one of the coin's. */
  "look-alike",
  /** Its domain is written in more than plain letters. */
  "punycode",
  /** A user name before the @ hides where it leads. */
  "hidden host",
  /** It leads into a private network. */
  "private address",
  /** Its host is a number, not a name. */
  "numeric address",
  /** It holds characters that nobody sees. */
  "hidden characters",
  /** It is no web address. */
  "not a link",
  /** Its domain, or its account on a shared site, is another than before. */
  "other domain",
  /** It is not encrypted. */
  "plain http",
  /** It leads on to another domain. */
  "redirected away",
  "bad certificate",
  /** Nothing answers there. */
  "dead",
] as const;
type Reason = typeof REASONS[number];
const GRAVE: Reason[] = ["look-alike", "punycode", "hidden host", "private address", "hidden characters"];

const isGrave = (reasons: readonly Reason[]) => reasons.some((reason) => GRAVE.includes(reason));

interface Link {
  change: Change;
  text: string;
  /** Null when it is no web address. */
  url: URL | null;
  /** What the field held before. */
  before: URL[];
  /** The labels of the coin's domains: what an imitator imitates. */
  labels: string[];
  /** The coin's own names, as a domain would have them. */
  names: string[];
}

/** The links that were not there before. Names of accounts are no links. */
function newLinks({ coin, changes }: PluginEvent): Link[] {
  const ours = changes.filter(({ field }) =>
    field.startsWith("links.") && !/_(screen_name|username|identifier)$/.test(field)
  );
  const official = ours.flatMap(({ old_value }) => texts(old_value)).map(toUrl).filter((url) => url !== null);
  const labels = official.map(labelOf);
  const names = [coin.id, coin.name].map((name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""))
    .filter((name) => name.length >= MIN_NAME && name.length <= 63);
  return ours.flatMap((change) => {
    const old = texts(change.old_value);
    const before = old.map(toUrl).filter((url) => url !== null);
    return texts(change.new_value).filter((text) => !old.includes(text))
      .map((text): Link => ({ change, text, url: toUrl(text), before, labels, names }));
  });
}

function texts(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(texts);
  return typeof value === "string" && value.trim() !== "" ? [value.trim()] : [];
}

/** A web address; one without a scheme is taken for https. */
function toUrl(text: string): URL | null {
  if (text.length > 8000) return null;
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = URL.parse(whole ? text : `https://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  return whole || url.hostname.includes(".") ? url : null;
}

/** Where other people have places of their own below one domain: who it is stands in the path. */
const SHARED =
  /^(x\.com|t\.me|github\.com|gitlab\.com|medium\.com|reddit\.com|facebook\.com|instagram\.com|linkedin\.com|linktr\.ee|youtube\.com|discord\.com)$/;
/** Two names of one site. */
const ALSO: Record<string, string> = {
  "twitter.com": "x.com",
  "telegram.me": "t.me",
  "telegram.dog": "t.me",
  "discord.gg": "discord.com",
  "fb.com": "facebook.com",
  "youtu.be": "youtube.com",
};

/** The registrable domain by the public suffix list, its private part (github.io) included. */
function domainOf(url: URL): string {
  const domain = parse(url.hostname, { allowPrivateDomains: true }).domain ?? url.hostname;
  return Object.hasOwn(ALSO, domain) ? ALSO[domain] ?? domain : domain;
}

/** Who stands behind a link: the domain, and on shared sites the place below it. */
function siteOf(url: URL): string {
  const domain = domainOf(url);
  if (!SHARED.test(domain)) return domain;
  const [first = "", second = ""] = url.pathname.toLowerCase().split("/").filter(Boolean);
  return `${domain}/${
    /^(r|c|user|company|in|invite|channel|groups|joinchat|s)$/.test(first) ? `${first}/${second}` : first
  }`;
}

/** The part of the domain that its owner chose, as people see it. */
function labelOf(url: URL): string {
  const domain = domainOf(url);
  const { domainWithoutSuffix } = parse(domain, { allowPrivateDomains: true });
  return domainToUnicode(domainWithoutSuffix ?? domain) || domain;
}

interface Found {
  link: Link;
  reasons: Reason[];
  /** Null where nobody was asked. */
  answer: Answer | null;
}

async function look(link: Link, context: Context<Options>): Promise<Found> {
  const reasons = new Set<Reason>();
  const { url, before } = link;
  if (url === null) return { link, reasons: ["not a link"], answer: null };
  if (clean(link.text) !== link.text) reasons.add("hidden characters");
  if (url.username !== "" || url.password !== "") reasons.add("hidden host");
  if (imitates(url, link)) reasons.add("look-alike");
  if (/(^|\.)xn--/.test(url.hostname)) reasons.add("punycode");
  if (before.length > 0 && !before.some((one) => siteOf(one) === siteOf(url))) reasons.add("other domain");
  if (url.protocol === "http:") reasons.add("plain http");
  const answer = await follow(url, context);
  for (const reason of answer.reasons) reasons.add(reason);
  if (answer.url !== undefined && domainOf(new URL(answer.url)) !== domainOf(url)) {
    reasons.add("redirected away");
  }
  return { link, reasons: REASONS.filter((reason) => reasons.has(reason)), answer };
}

const MIN_NAME = 4;

/** Whether the domain looks like the coin's and is not: by Unicode's confusables, or by one letter. */
function imitates(url: URL, { labels, names, before }: Link): boolean {
  if (before.some((one) => domainOf(one) === domainOf(url))) return false;
  const label = labelOf(url);
  const looksLike = (known: string) => known !== label && skeleton(known) === skeleton(label);
  return [...labels, ...names].some(looksLike) || labels.some((known) => oneApart(known, label));
}

/**
 * What remains of a text when all that look alike are one (https://www.unicode.org/reports/tr39/#def-skeleton). Marks
 * are dropped, and i and l are one as well: in an address bar few can tell them apart.
 */
function skeleton(text: string): string {
  const plain = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain(unhomoglyph(plain(text))).replace(/[i1|]/g, "l");
}

/** Whether one letter was added, left out, changed or swapped with its neighbour. Short names are apart by chance. */
function oneApart(a: string, b: string): boolean {
  if (a === b) return false;
  if (a.length < 5 || Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - i && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [x, y] = [a.slice(i, a.length - end), b.slice(i, b.length - end)];
  return x.length <= 1 && y.length <= 1 || x.length === 2 && x === [...y].reverse().join("");
}

interface Answer {
  status?: number;
  /** Where it ended. */
  url?: string;
  reasons: Reason[];
  /** Why it may answer yet: the site may be down for a moment only. */
  silent?: string;
}

/** Follows a link to its end. Nothing is sent but the request itself, and no body is read. */
async function follow(start: URL, context: Context<Options>): Promise<Answer> {
  let url = new URL(start);
  // One for the whole way: a chain of slow sites must not outlast the route's timeout, which ends all that was found.
  const signal = AbortSignal.any([
    context.signal,
    AbortSignal.timeout(context.options.timeoutSeconds * 1000),
  ]);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    url.username = url.password = "";
    const where = placeOf(url);
    if (where !== null) return { url: url.href, reasons: [where] };
    let response: Response;
    try {
      response = await context.fetch(url, {
        redirect: "manual",
        headers: {
          accept: "text/html,*/*;q=0.5",
          "user-agent": "Mozilla/5.0 (compatible; coinrelay link_check)",
        },
        signal,
      });
    } catch (error) {
      context.signal.throwIfAborted();
      return { url: url.href, ...unreachable(error, url) };
    }
    await response.body?.cancel();
    const { status } = response;
    const next = status >= 300 && status < 400
      ? URL.parse(response.headers.get("location") ?? "", url)
      : null;
    if (next === null || !/^https?:$/.test(next.protocol)) {
      if (status >= 500) return { status, url: url.href, ...silent(`${url.host} answered ${status}`) };
      return { status, url: url.href, reasons: status === 404 || status === 410 ? ["dead"] : [] };
    }
    url = next;
  }
  return { url: url.href, reasons: ["dead"] };
}

/** Hosts that no official link has, and that are not asked. The sandbox refuses names that resolve to such as well. */
function placeOf({ hostname }: URL): Reason | null {
  const { isIp } = parse(hostname);
  if (/(^|\.)(localhost|local|internal|lan|home\.arpa|onion)\.?$/.test(hostname)) return "private address";
  if (!isIp) return hostname.includes(".") ? null : "private address";
  const inside =
    /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;
  return inside.test(hostname) || hostname.startsWith("[") ? "private address" : "numeric address";
}

function unreachable(error: unknown, url: URL): Pick<Answer, "reasons" | "silent"> {
  const said = error instanceof Error
    ? `${error.message} ${(error.cause as Error | undefined)?.message ?? ""}`
    : "";
  if (error instanceof Deno.errors.NotCapable) {
    if (Deno.permissions.querySync({ name: "net" }).state !== "granted") {
      throw new Permanent(
        'link_check follows links to any public host: give its route "allow": { "net": ["*"] }',
      );
    }
    return { reasons: ["private address"] };
  }
  if (/certificate/i.test(said)) return { reasons: ["bad certificate"] };
  return silent(`${url.host} cannot be reached`);
}

const silent = (why: string): Pick<Answer, "reasons" | "silent"> => ({ reasons: ["dead"], silent: why });

/**
 * A site that is down for a moment is not dead: it is asked again, as often as the options say, before anything is told of
 * the event. What is grave waits for nobody: whoever wrote one link may have written another that never answers. Should
 * the route allow fewer attempts, its dead letter says how many would have been needed.
 */
function mayTell(found: Found[], { attempt, options: { attempts } }: Context<Options>): void {
  const why = found.find(({ answer }) => answer?.silent !== undefined)?.answer?.silent;
  if (why === undefined || attempt >= attempts || found.some(({ reasons }) => isGrave(reasons))) return;
  throw new Error(
    `${why}; looking again later: this was attempt ${attempt} of ${attempts}, which retry.maxAttempts must allow`,
  );
}
