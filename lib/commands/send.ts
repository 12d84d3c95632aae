/** `deno task send`: signed test events to a running relay. @module */
import { loadConfig } from "../config/load.ts";
import { localUrl } from "../config/local_url.ts";
import type { Config, SourceConfig } from "../config/schema.ts";
import { SAMPLES } from "../samples.ts";
import { COMMON_HELP, configFile, numberOf, readArguments, UsageError, wholeNumberOf } from "./command.ts";
import { type Answer, bypassProxy, type Outgoing, postEvent } from "./post_event.ts";
import { createReport } from "./send_report.ts";
import { sourceNamed, webUrl } from "./target_flags.ts";
import { table } from "./terminal.ts";
import { testEvents } from "./test_event.ts";

export const name = "send";

export const summary = "send signed test events to a running relay";

export const help = `deno task send [flags]

Signs a test event with the configured secret, sends it to the running relay and tells in words what it answered.
Without flags it sends the sample "${SAMPLES[0]!.name}".

What to send
  --list               show the samples
  --sample NAME        send this sample; may be given several times
  --all                send every sample
  --field F            make an event in which field F changes, with
      --old A --new B    its values, read as JSON where they are JSON, else as text
      --type T           addition, update or removal (default: what --old and --new suggest)
  --file FILE          send the body in FILE, byte for byte
  --coin ID            as the event of this coin
  --event TYPE         as this event type, such as cg.coin.listed

How to send it
  --count N            N times, each an event of its own
  --rate N/s           so many a second
  --id ID              under this event id (default: a fresh one)
  --duplicate          each twice: the relay takes the first and knows the second again
  --stale              with a timestamp older than the source permits: the relay must refuse it
  --bad-signature      with a wrong signature: the relay must refuse it
  --source NAME        to this source (default: the first)
  --url URL            to this URL (default: the source's path on this machine)
  --wait SECONDS       wait so long for a relay that is just starting (default: 5)

${COMMON_HELP}

Examples
  deno task send --all
  deno task send --field links.homepage --old '["https://a.example"]' --new '["https://b.example"]' --coin bitcoin
  deno task send --count 100 --rate 20/s

Exit code: 0 answered as it should, 1 refused or not reached, 2 the relay could not store it.`;

/** How long a relay that is just starting is waited for. */
const WAIT_SECONDS = 5;
const ASK_AGAIN_AFTER_MS = 100;
/** Requests on their way at a time. */
const IN_FLIGHT = 8;
const IN_FLIGHT_AT_RATE = 64;

export async function run(args: string[]): Promise<number> {
  const { values } = readArguments(args, {
    list: "switch",
    sample: "texts",
    all: "switch",
    field: "text",
    old: "text",
    new: "text",
    type: "text",
    file: "text",
    coin: "text",
    event: "text",
    count: "text",
    rate: "text",
    id: "text",
    duplicate: "switch",
    stale: "switch",
    "bad-signature": "switch",
    source: "text",
    url: "text",
    wait: "text",
  });
  if (values.list) return list(values.json === true);

  const events = testEvents(values);
  const count = values.count === undefined ? 1 : wholeNumberOf("--count", values.count);
  const perSecond = values.rate === undefined
    ? null
    : numberOf("--rate", values.rate.replace(/\/s$/, ""), 0.001);
  const waitMs = 1000 * (values.wait === undefined ? WAIT_SECONDS : numberOf("--wait", values.wait, 0));
  if (values.id !== undefined && !/^[!-~]+( +[!-~]+)*$/.test(values.id)) {
    throw new UsageError("--id is sent as a header, so it takes plain ASCII characters only");
  }
  const config = loadConfig(configFile(values), Deno.env.toObject());
  const source = sourceNamed(config, values.source);
  const url = values.url === undefined ? sourceUrl(config, source) : webUrl("--url", values.url);
  bypassProxy(url);

  const total = events.length * count;
  const expected = values["bad-signature"] ? "bad_signature" : values.stale ? "stale_timestamp" : "taken";
  const report = createReport({
    config,
    url,
    total: total * (values.duplicate ? 2 : 1),
    expected,
    json: values.json === true,
  });
  const age = values.stale ? source.maxAgeSeconds + 60 : 0;

  const sendOne = async (index: number): Promise<boolean> => {
    const { label, body } = events[index % events.length]!;
    const id = values.id === undefined
      ? crypto.randomUUID()
      : index === 0
      ? values.id
      : `${values.id}-${index + 1}`;
    const outgoing = {
      id,
      body,
      timestamp: String(Math.floor(Date.now() / 1000 - age)),
      secret: source.secrets[0]!,
      badSignature: values["bad-signature"] === true,
    };
    for (let copy = 0; copy < (values.duplicate ? 2 : 1); copy++) {
      const answer = index + copy === 0
        ? await postPatiently(url, outgoing, waitMs)
        : await postEvent(url.href, outgoing);
      report.add({ id, label, answer });
      if (answer.kind === "unreachable") return false;
    }
    return true;
  };
  await sendAll(total, perSecond, sendOne);
  return report.end();
}

/** Sends `total` events, `perSecond` or as fast as they are answered, until one does not get through. */
async function sendAll(
  total: number,
  perSecond: number | null,
  sendOne: (index: number) => Promise<boolean>,
) {
  if (!await sendOne(0)) return; // alone: when nobody listens, the rest need not try
  const began = performance.now();
  let next = 1;
  let through = true;
  const worker = async () => {
    while (next < total && through) {
      const index = next++;
      if (perSecond !== null) await delay(began + index * 1000 / perSecond - performance.now());
      if (!await sendOne(index)) through = false;
    }
  };
  await Promise.all(Array.from({ length: perSecond === null ? IN_FLIGHT : IN_FLIGHT_AT_RATE }, worker));
}

/** Gives a relay that is just starting a few seconds. */
async function postPatiently(url: URL, outgoing: Outgoing, waitMs: number): Promise<Answer> {
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    const answer = await postEvent(url.href, outgoing);
    if (answer.kind !== "unreachable" || performance.now() > giveUpAt) return answer;
    await delay(ASK_AGAIN_AFTER_MS);
  }
}

/** Where a source is reached from this machine. */
function sourceUrl({ server }: Config, { path }: SourceConfig): URL {
  if (server.port === 0) {
    throw new UsageError("server.port is 0, so the system chose it: give the address with --url");
  }
  return new URL(path, localUrl(server));
}

function list(json: boolean): number {
  if (json) {
    console.log(
      JSON.stringify(SAMPLES.map(({ name, summary, body }) => ({ name, summary, body: JSON.parse(body) }))),
    );
  } else console.log(table(SAMPLES.map(({ name, summary }) => [name, summary])));
  return 0;
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
