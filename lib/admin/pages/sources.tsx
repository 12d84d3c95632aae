/** Sources: what they received, what they refused, and why. @module */
import { PROVIDER_TRIES } from "../../receive/failing.ts";
import { REFUSED_BECAUSE } from "../../receive/ledger.ts";
import type { RefusedBecause } from "../../receive/receiver.ts";
import type { RefusalItem, SourceItem } from "../api/shapes.ts";
import { needsYou, REFUSED_FOR } from "../read/sources.ts";
import { Empty, type Frame, Notice, Page } from "./layout.tsx";
import { Fact, Table } from "./pieces.tsx";
import { Block, bytes, number, T, Time } from "./text.tsx";

/** The page. */
export function Sources({ frame, sources, refusals, urlOf }: {
  frame: Frame;
  sources: SourceItem[];
  refusals: RefusalItem[];
  /** Where a source's deliveries must be sent to. */
  urlOf(path: string): string;
}) {
  return (
    <Page title="Sources" at="/sources" frame={frame} scripts={["uplot.js", "sources.js"]}>
      <div class="head">
        <h1 class="grow">Sources</h1>
      </div>
      {sources.map((source) => (
        <Source
          source={source}
          url={urlOf(source.path ?? "")}
          refusals={refusals.filter((one) => one.source === source.name)}
        />
      ))}
    </Page>
  );
}

function Source({ source, url, refusals }: { source: SourceItem; url: string; refusals: RefusalItem[] }) {
  const {
    name,
    accepted,
    duplicate,
    rejected,
    failing,
    lastEventAt,
    silent,
    silentMinutes,
    notUnderstood,
    credits,
    day,
  } = source;
  const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  const tone = failing !== null && needsYou(failing)
    ? "bad"
    : silent || failing !== null
    ? "warn"
    : lastEventAt === null
    ? ""
    : "good";
  const word = tone === "bad" && failing?.goesOn !== false
    ? "refusing"
    : silent
    ? "silent"
    : failing !== null
    ? "refused something"
    : lastEventAt === null
    ? "nothing yet"
    : "receiving";
  return (
    <section class="card" id={name} aria-label={`Source ${name}`}>
      <header>
        <h2>{name}</h2>
        <span class={`badge ${tone}`}>{word}</span>
        <span class="grow" />
        <code>{url}</code>
      </header>
      <div class="body stack">
        {failing !== null && <Failing failing={failing} />}
        {silent && (
          <Notice>
            {`Nothing but tests, if that, for more than ${silentMinutes} minutes. If the market is not that quiet, look in the provider's dashboard whether the webhook was disabled, and whether its URL still leads here.`}
          </Notice>
        )}
        <dl class="facts">
          <dt>Last event</dt>
          <dd>{lastEventAt === null ? "none yet" : <Time at={lastEventAt} relative />}</dd>
          <dt>Accepted</dt>
          <dd>
            {number(accepted)}{" "}
            {notUnderstood > 0 && (
              <a href={`/?${new URLSearchParams({ source: name, notUnderstood: "1" })}`}>
                {`${number(notUnderstood)} not understood`}
              </a>
            )}
          </dd>
          <dt>Known already</dt>
          <dd>{number(duplicate)}</dd>
          <dt>Refused</dt>
          <dd>{number(refused)}</dd>
          <dt>API credits</dt>
          <dd>
            {number(credits)}{" "}
            <span class="soft">{`(${source.creditsPerEvent} a new event; retries and tests are free)`}</span>
          </dd>
          <dt>Counted since</dt>
          <dd>
            <Time at={source.since} relative /> <span class="soft">when the relay started</span>
          </dd>
        </dl>
        <figure class="stack figure">
          <figcaption class="soft small">
            Received in the last 24 hours: new, known already (grey), refused (red)
          </figcaption>
          <div
            class="daychart"
            data-day={JSON.stringify(day)}
            role="img"
            aria-label={`Deliveries to ${name} in the last 24 hours`}
          >
          </div>
        </figure>
      </div>
      {refused > 0 && <Reasons source={source} />}
      <header>
        <h3 class="grow">Refused lately</h3>
        {refusals.length > 0 && <span class="soft small">open one to see why</span>}
      </header>
      {refusals.length === 0
        ? (
          <Empty title="Nothing was refused">
            <p>
              When a delivery is answered 401, this tells which step failed, what was signed, and what to do.
            </p>
          </Empty>
        )
        : refusals.map((refusal) => <Refusal refusal={refusal} />)}
    </section>
  );
}

/** How often each reason was given, of late and altogether. */
function Reasons({ source: { name, rejected, day } }: { source: SourceItem }) {
  const reasons = REFUSED_BECAUSE.filter((reason) => (rejected[reason] ?? 0) > 0);
  const sum = (steps: SourceItem["day"], reason: RefusedBecause) =>
    number(steps.reduce((total, step) => total + (step.reasons[reason] ?? 0), 0));
  return (
    <Table
      label={`Why ${name} refused`}
      columns={[
        ["Refused because"],
        ["Last hour", "num"],
        ["Last 24 hours", "num"],
        ["Since the start", "num"],
      ]}
    >
      {reasons.map((reason) => (
        <tr>
          <td>
            <span class={`badge ${isGrave(reason) ? "bad" : "warn"}`} title={reason}>
              {REFUSED_FOR[reason]}
            </span>
          </td>
          <td class="num">{sum(day.slice(-STEPS_AN_HOUR), reason)}</td>
          <td class="num">{sum(day, reason)}</td>
          <td class="num">{number(rejected[reason] ?? 0)}</td>
        </tr>
      ))}
    </Table>
  );
}

/** Steps of a source's day in an hour. */
const STEPS_AN_HOUR = 4;

function isGrave(reason: RefusedBecause): boolean {
  return reason === "stale_timestamp" || reason === "future_timestamp" || reason === "store_unavailable";
}

function Failing({ failing }: { failing: NonNullable<SourceItem["failing"]> }) {
  const { tries, refusals, since, authentic, gaveUp, disabledAt } = failing;
  const used = Math.min(tries, PROVIDER_TRIES);
  return (
    <Notice level={needsYou(failing) ? "bad" : "warning"}>
      {`${number(refusals)} ${refusals === 1 ? "delivery" : "deliveries"} refused, the first `}
      <Time at={since} relative />, and not taken yet.{" "}
      <span class="marks" role="img" aria-label={`${used} of ${PROVIDER_TRIES} tries used`}>
        {Array.from({ length: PROVIDER_TRIES }, (_, index) => <i class={index < used ? "used" : ""}></i>)}
      </span>
      {gaveUp
        ? ` The provider has most likely disabled the webhook: mend what is told below, then enable it in the provider's dashboard. `
        : (
          <>
            {` ${used} of the provider's ${PROVIDER_TRIES} tries are used up; it disables the webhook `}
            <Time at={disabledAt} relative />.{" "}
          </>
        )}
      {authentic
        ? "Some were rightly signed, so this is the provider."
        : "None was rightly signed: it is strangers, or the secret is wrong."}
    </Notice>
  );
}

const STEPS: [name: string, reasons: RefusedBecause[]][] = [
  ["The whole body arrived, within the limits", ["too_large", "too_slow"]],
  ["The three headers are there", ["missing_header"]],
  ["The signature is right", ["bad_signature"]],
  ["The timestamp is readable and near enough to now", [
    "bad_timestamp",
    "stale_timestamp",
    "future_timestamp",
  ]],
  ["The event could be stored", ["store_unavailable"]],
];

function Refusal({ refusal }: { refusal: RefusalItem }) {
  const { id, at, reason, authentic, headers, bodyBytes, signedText, ageSeconds, cause, remedy } = refusal;
  const failed = STEPS.findIndex(([, reasons]) => reasons.includes(reason));
  return (
    <details class="refusal" id={`refusal-${id}`}>
      <summary>
        <span class={`badge ${authentic ? "bad" : "warn"}`}>{REFUSED_FOR[reason]}</span>
        <Time at={at} />
        <span class="mono soft">
          <T>{headers.id === "" ? "no event id" : headers.id.slice(0, 80)}</T>
        </span>
      </summary>
      <div class="body">
        <ol class="steps">
          {STEPS.map(([name], index) => (
            <li class={index < failed ? "ok" : index === failed ? "no" : "later"}>
              {name}
              <span class="vh">
                {index < failed ? ": yes" : index === failed ? ": no" : ": not looked at"}
              </span>
            </li>
          ))}
        </ol>
        <dl class="facts">
          <dt>Likely cause</dt>
          <dd>
            <T>{cause}</T>
          </dd>
          <dt>What to do</dt>
          <dd>{remedy}</dd>
          {ageSeconds !== null && (
            <>
              <dt>Clock</dt>
              <dd>{clock(ageSeconds)}</dd>
            </>
          )}
          <Fact name="Timestamp">{headers.timestamp || "(missing)"}</Fact>
          <Fact name="Event id">{headers.id || "(missing)"}</Fact>
          <Fact name="Signature">{headers.signature || "(missing)"}</Fact>
          <dt>Body</dt>
          <dd>{bytes(bodyBytes)}</dd>
        </dl>
        <div class="stack">
          <p class="soft small">
            What the signature must be over: the timestamp, the event id and the raw body, with colons
            between. Here its beginning, as we received it.
          </p>
          <Block>{signedText}</Block>
        </div>
      </div>
    </details>
  );
}

function clock(age: number): string {
  if (Math.abs(age) < 2) return "The signed timestamp is this server's own time.";
  return `The signed timestamp lies ${number(Math.abs(age))} s ${
    age > 0 ? "before" : "after"
  } this server's time.`;
}
