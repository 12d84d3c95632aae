/** One event with everything that is known of it. @module */
import type { EventWhole, RouteItem } from "../api/shapes.ts";
import { EVENT_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER } from "../../verify/verify.ts";
import { changeWords, eventWords } from "../../plugin/words.ts";
import { Values } from "./change.tsx";
import { Copies } from "./copies.tsx";
import { DeliveryBlock } from "./delivery.tsx";
import { Empty, type Frame, Notice, Page } from "./layout.tsx";
import { coinPath, eventPath, Fact, Severity, Table } from "./pieces.tsx";
import { Block, number, T, Time } from "./text.tsx";
import type { Change } from "../../nouns.ts";
import type { DryRun } from "../parts.ts";
import { heldBy } from "../read/routes.ts";

/** What the page is made of. */
export interface EventPageProps {
  frame: Frame;
  event: EventWhole;
  routes: RouteItem[];
  /** The URL that the event came to; null for the relay's own. */
  url: string | null;
  dry?: { route: string; run: DryRun } | undefined;
}

/** The page. */
export function EventPage({ frame, event, routes, url, dry }: EventPageProps) {
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
        <Notice>
          This body was not understood, so no route takes it:{" "}
          <T>{event.notUnderstood}</T>. It is kept as it came.
        </Notice>
      )}
      {event.changes !== null && <Changes event={event} />}
      {dry && <DryResult route={dry.route} run={dry.run} />}
      <DeliveriesOf event={event} frame={frame} routes={routes} />
      <Raw event={event} url={url} />
    </Page>
  );
}

/** Changes of one event that are shown; the body has them all. */
const SHOWN_CHANGES = 300;
/** So much of a body is shown; the API gives the whole. */
const SHOWN_BODY = 200_000;

function Changes({ event }: { event: EventWhole }) {
  const changes = event.changes ?? [];
  return (
    <section class="card">
      <header>
        <h2 class="grow">Changes</h2>
        <span class="soft small">{number(changes.length)}</span>
      </header>
      {changes.length === 0
        ? <Empty title="It carries no changes" />
        : (
          <Table label="Table of changes" class="cards" columns={[["What"], ["Field"], ["Before → after"]]}>
            {changes.slice(0, SHOWN_CHANGES).map((change) => (
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
          </Table>
        )}
    </section>
  );
}

function DeliveriesOf({ event, frame, routes }: Pick<EventPageProps, "event" | "frame" | "routes">) {
  const mayWrite = frame.role === "full";
  const path = eventPath(event.seq);
  return (
    <section class="card" aria-label="Deliveries" data-watch={path}>
      <header>
        <h2 class="grow">Deliveries</h2>
        {mayWrite && routes.length > 0 && (
          <form method="post" action={`${path}/do`} class="row">
            <select name="route" aria-label="Route">
              {routes.map(({ name }) => <option>{name}</option>)}
            </select>
            <button name="do" value="replay">Replay to it</button>
            <button name="do" value="try">Try it dry</button>
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
          <DeliveryBlock
            delivery={delivery}
            held={heldBy(routes, delivery.route)}
            mayWrite={mayWrite}
            back={path}
          />
        ))}
    </section>
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
          <Notice level="bad">
            <T>{run.error}</T>
          </Notice>
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
          <Fact name="Event id">{event.id}</Fact>
          <Fact name="Event type">{event.type ?? "–"}</Fact>
          {event.depth > 0 && (
            <>
              <dt>Emitted</dt>
              <dd>{`by a plugin, ${event.depth} deep`}</dd>
            </>
          )}
          {timestamp !== "" && (
            <>
              <Fact name={TIMESTAMP_HEADER} code>{timestamp}</Fact>
              <Fact name={EVENT_ID_HEADER} code>{event.id}</Fact>
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
        {url !== null && event.body.length <= SHOWN_BODY && <Copies event={event} url={url} />}
      </div>
    </section>
  );
}

function Body({ event }: { event: EventWhole }) {
  const { body } = event;
  const cut = body.length > SHOWN_BODY;
  const pretty = cut ? null : prettyJson(body);
  return (
    <>
      <Block id="body">{cut ? body.slice(0, SHOWN_BODY) : body}</Block>
      {cut && (
        <p class="soft">
          {`The first ${number(SHOWN_BODY)} of ${number(body.length)} characters. The API gives the whole.`}
        </p>
      )}
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

function prettyJson(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}
