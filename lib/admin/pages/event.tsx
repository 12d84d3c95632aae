/** One event with everything that is known of it, and one delivery. @module */
import type { DeliveryWhole, EventWhole, RouteItem } from "../api/shapes.ts";
import { EVENT_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER } from "../../verify/verify.ts";
import { changeWords, eventWords } from "../../plugin/words.ts";
import { Values } from "./change.tsx";
import { coinPath, StateBadge } from "./deliveries.tsx";
import { Empty, type Frame, Page } from "./layout.tsx";
import { Block, duration, number, T, Time } from "./text.tsx";
import type { Change } from "../../nouns.ts";
import type { DryRun } from "../parts.ts";

/** Path of an event's page. */
export function eventPath(seq: number): string {
  return `/events/seq:${seq}`;
}

/** What the page is made of. */
export interface EventPageProps {
  frame: Frame;
  event: EventWhole;
  routes: RouteItem[];
  /** The URL that the event came to; null for the relay's own. */
  url: string | null;
  mayTry: boolean;
  dry?: { route: string; run: DryRun } | undefined;
}

/** The page. */
export function EventPage({ frame, event, routes, url, mayTry, dry }: EventPageProps) {
  const name = event.coin?.name || event.coin?.id || event.id;
  return (
    <Page title={name} at="/" frame={frame}>
      <div class="head">
        <div class="grow">
          <h1>
            {event.coin === null ? <T>{event.id}</T> : (
              <a href={coinPath(event.coin.id)}>
                <T>{name}</T>
              </a>
            )}
          </h1>
          <p class="soft">
            {event.type === null ? "not understood" : <T>{eventWords(event.type)}</T>} ·{" "}
            <Time at={event.receivedAt} />
          </p>
        </div>
        <div class="row">
          {event.test && <span class="badge plain">test</span>}
          {event.severity !== "info" && <Severity severity={event.severity} />}
        </div>
      </div>
      {event.notUnderstood !== null && (
        <p class="notice">
          <span>
            This body was not understood, so no route takes it:{" "}
            <T>{event.notUnderstood}</T>. It is kept as it came.
          </span>
        </p>
      )}
      {event.changes !== null && <Changes event={event} />}
      {dry && <DryResult route={dry.route} run={dry.run} />}
      <DeliveriesOf event={event} frame={frame} routes={routes} mayTry={mayTry} />
      <Raw event={event} url={url} />
    </Page>
  );
}

/** How much an event matters, where it is more than a little. */
export function Severity({ severity }: { severity: EventWhole["severity"] }) {
  const tone = { info: "", notice: "busy", warning: "warn", critical: "bad" }[severity];
  return <span class={`badge ${tone}`}>{severity}</span>;
}

function Changes({ event }: { event: EventWhole }) {
  const changes = event.changes ?? [];
  return (
    <section class="card">
      <header>
        <h2 class="grow">Changes</h2>
        <span class="soft small">{number(changes.length)}</span>
      </header>
      {changes.length === 0 ? <Empty title="It carries no changes" /> : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>What</th>
                <th>Field</th>
                <th>Before → after</th>
              </tr>
            </thead>
            <tbody>
              {changes.map((change) => (
                <tr>
                  <td>
                    <T>{changeWords(change as Change)}</T>
                  </td>
                  <td class="mono">
                    <T>{change.field}</T>
                  </td>
                  <td>
                    <div class="change">
                      <Values change={change} whole />
                    </div>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function DeliveriesOf(
  { event, frame, routes, mayTry }: Pick<EventPageProps, "event" | "frame" | "routes" | "mayTry">,
) {
  const mayWrite = frame.role === "full";
  const path = eventPath(event.seq);
  return (
    <section class="card" aria-label="Deliveries" data-watch>
      <header>
        <h2 class="grow">Deliveries</h2>
        {mayWrite && routes.length > 0 && (
          <form method="post" action={`${path}/do`} class="row">
            <select name="route" aria-label="Route">
              {routes.map(({ name }) => <option>{name}</option>)}
            </select>
            <button name="do" value="replay">Replay to it</button>
            {mayTry && <button name="do" value="try">Try it dry</button>}
          </form>
        )}
      </header>
      {event.deliveries.length === 0
        ? (
          <Empty title="No route took it">
            <p>
              Replay it to a route above, or widen a route's filters in config.json for the events to come.
            </p>
          </Empty>
        )
        : event.deliveries.map((delivery) => (
          <DeliveryBlock delivery={delivery} mayWrite={mayWrite} back={path} />
        ))}
    </section>
  );
}

/** A delivery with its attempts and what can be done with it. */
export function DeliveryBlock(
  { delivery, mayWrite, back }: { delivery: DeliveryWhole; mayWrite: boolean; back: string },
) {
  const { id, route, state, attempts, discarded, tries, matched, replayOf, dueAt, error } = delivery;
  return (
    <div class="body stack" data-delivery={id}>
      <div class="row">
        <StateBadge state={state} attempts={attempts} discarded={discarded} />
        <h3 class="grow">
          <a href={`/plugins#route-${route}`}>{route}</a>
        </h3>
        <span class="soft small">
          <a href={`/deliveries/${id}`}>{`delivery ${id}`}</a>
          {replayOf !== null && (
            <>
              , replays <a href={`/deliveries/${replayOf}`}>{String(replayOf)}</a>
            </>
          )}
          {matched !== null && `, ${matched.length} ${matched.length === 1 ? "change" : "changes"}`}
        </span>
        {state === "pending" && (
          <span class="soft small">
            due <Time at={dueAt} relative />
          </span>
        )}
        {mayWrite && (
          <form method="post" action={`/deliveries/${id}/do`} class="row">
            <input type="hidden" name="back" value={back} />
            {(state === "dead" || state === "pending") && (
              <button id={`retry-${id}`} class={state === "dead" ? "primary" : ""} name="do" value="retry">
                Retry now
              </button>
            )}
            {state === "dead" && !discarded && (
              <button id={`discard-${id}`} name="do" value="discard">Discard</button>
            )}
            {state === "done" && (
              <button
                id={`replay-${id}`}
                name="do"
                value="replay"
                data-confirm="Make this delivery again? The receiver gets it once more."
              >
                Replay
              </button>
            )}
          </form>
        )}
      </div>
      {tries.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Attempt</th>
                <th>Began</th>
                <th class="num">Took</th>
                <th>Outcome</th>
                <th>What it said</th>
              </tr>
            </thead>
            <tbody>
              {tries.map((attempt) => (
                <tr>
                  <td>{attempt.number}</td>
                  <td class="nowrap">
                    <Time at={attempt.startedAt} />
                  </td>
                  <td class="num">{duration(attempt.durationMs)}</td>
                  <td>
                    <span class={`badge ${attempt.outcome === "done" ? "good" : "bad"}`}>
                      {attempt.outcome}
                    </span>
                  </td>
                  <td class="small">
                    <T>{attempt.error}</T>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {tries.length === 0 && error !== null && (
        <p class="small">
          <T>{error}</T>
        </p>
      )}
    </div>
  );
}

function DryResult({ route, run }: { route: string; run: DryRun }) {
  return (
    <section class="card" aria-label="Dry run" id="dry">
      <header>
        <h2 class="grow">{`Tried dry: ${route}`}</h2>
        <span class={`badge ${run.outcome === "done" ? "good" : "bad"}`}>{run.outcome}</span>
      </header>
      <div class="body stack">
        <p class="soft">This is what the route would have sent. Nothing went out.</p>
        {run.error !== null && (
          <p class="notice bad">
            <span>
              <T>{run.error}</T>
            </span>
          </p>
        )}
        {run.lines.length === 0
          ? <p>It would have sent nothing.</p>
          : run.lines.map((line) => <Block>{line}</Block>)}
      </div>
    </section>
  );
}

function Raw({ event, url }: { event: EventWhole; url: string | null }) {
  const { signature, timestamp } = event;
  return (
    <section class="card">
      <header>
        <h2 class="grow">As it came</h2>
        <button type="button" data-copy="body" class="quiet">Copy body</button>
      </header>
      <div class="body stack">
        <dl class="facts">
          <dt>Source</dt>
          <dd>
            <a href={`/sources#${event.source}`}>{event.source}</a>
          </dd>
          <dt>Event id</dt>
          <dd class="mono">
            <T>{event.id}</T>
          </dd>
          <dt>Event type</dt>
          <dd class="mono">
            <T>{event.type ?? "–"}</T>
          </dd>
          {event.depth > 0 && (
            <>
              <dt>Emitted</dt>
              <dd>{`by a plugin, ${event.depth} deep`}</dd>
            </>
          )}
          {timestamp !== "" && (
            <>
              <dt class="mono">{TIMESTAMP_HEADER}</dt>
              <dd class="mono">
                <T>{timestamp}</T>
              </dd>
              <dt class="mono">{EVENT_ID_HEADER}</dt>
              <dd class="mono">
                <T>{event.id}</T>
              </dd>
              <dt class="mono">{SIGNATURE_HEADER}</dt>
              <dd>
                <code>
                  <T>{signature.value}</T>
                </code>{" "}
                {signature.valid ? <span class="badge good">valid</span> : (
                  <span
                    class="badge"
                    title="It was right when it was received; its secret has been taken out of the config since."
                  >
                    valid when received
                  </span>
                )}
              </dd>
            </>
          )}
        </dl>
        <Body event={event} />
        {url !== null && <Copies event={event} url={url} />}
      </div>
    </section>
  );
}

function Body({ event }: { event: EventWhole }) {
  const pretty = prettyJson(event.body);
  return (
    <>
      <Block id="body">{event.body}</Block>
      {event.bodyBase64 !== null && (
        <p class="soft">
          The body is not UTF-8; its bytes are in the API's <code>bodyBase64</code>.
        </p>
      )}
      {pretty !== null && (
        <details>
          <summary>Indented</summary>
          <Block>{pretty}</Block>
        </details>
      )}
    </>
  );
}

function Copies({ event, url }: { event: EventWhole; url: string }) {
  return (
    <>
      <details>
        <summary>As curl</summary>
        <div class="stack">
          <Block id="curl">{asCurl(event, url)}</Block>
          <p class="row">
            <button type="button" data-copy="curl">Copy</button>
            <span class="soft">Signed as received: the relay knows it already, or finds it stale.</span>
          </p>
        </div>
      </details>
      <details>
        <summary>As a test</summary>
        <div class="stack">
          <Block id="as-test">{asTest(event)}</Block>
          <p class="row">
            <button type="button" data-copy="as-test">Copy</button>
          </p>
        </div>
      </details>
    </>
  );
}

/** The request again, for a shell. */
export function asCurl(event: EventWhole, url: string): string {
  const header = (name: string, value: string) => `  -H ${quote(`${name}: ${value}`)} \\\n`;
  const lines = header("content-type", "application/json") + header(TIMESTAMP_HEADER, event.timestamp) +
    header(EVENT_ID_HEADER, event.id) + header(SIGNATURE_HEADER, event.signature.value);
  return event.bodyBase64 === null
    ? `curl -i ${quote(url)} \\\n${lines}  --data-binary ${quote(event.body)}`
    : `echo ${event.bodyBase64} | base64 -d |\ncurl -i ${quote(url)} \\\n${lines}  --data-binary @-`;
}

/** A test that a plugin author can begin with. */
export function asTest(event: EventWhole): string {
  const value = {
    id: event.id,
    type: event.type ?? "",
    source: event.source,
    receivedAt: event.receivedAt,
    coin: event.coin ?? { id: "", symbol: "", name: "" },
    changes: event.changes ?? [],
    data: event.data,
    test: event.test,
  };
  return [
    `import plugin from "../plugins/NAME.ts";`,
    "",
    `const event = ${JSON.stringify(value, null, 2)};`,
    "",
    `Deno.test("NAME takes ${event.type ?? "this event"}", async () => {`,
    `  await plugin.run(event, { options: {}, log: console });`,
    `});`,
  ].join("\n");
}

/** For a POSIX shell: nothing inside single quotes means anything. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function prettyJson(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** One delivery by itself. */
export function DeliveryPage({ frame, delivery }: { frame: Frame; delivery: DeliveryWhole }) {
  const { event } = delivery;
  return (
    <Page title={`Delivery ${delivery.id}`} at="/deliveries" frame={frame}>
      <div class="head">
        <div class="grow">
          <h1>{`Delivery ${delivery.id}`}</h1>
          <p class="soft">
            of{" "}
            <a href={eventPath(event.seq)} class="mono">
              <T>{event.id}</T>
            </a>
            {event.coin !== null && (
              <>
                on{" "}
                <a href={coinPath(event.coin)}>
                  <T>{event.coin}</T>
                </a>
              </>
            )} to <a href={`/plugins#route-${delivery.route}`}>{delivery.route}</a>, made{" "}
            <Time at={delivery.createdAt} />
          </p>
        </div>
      </div>
      <section class="card" data-watch>
        <DeliveryBlock
          delivery={delivery}
          mayWrite={frame.role === "full"}
          back={`/deliveries/${delivery.id}`}
        />
      </section>
    </Page>
  );
}
