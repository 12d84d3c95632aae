/** One delivery: its attempts, and what can be done with it. @module */
import type { AttemptItem, DeliveryWhole } from "../api/shapes.ts";
import { type Frame, Page } from "./layout.tsx";
import type { Held } from "../read/routes.ts";
import { coinPath, eventPath, StateBadge, Table, WaitsForRoute } from "./pieces.tsx";
import { duration, T, Time } from "./text.tsx";

/** A delivery with its attempts and what can be done with it. */
export function DeliveryBlock(
  { delivery, held, mayWrite, back }: {
    delivery: DeliveryWhole;
    /** Why its route delivers nothing, if so: what waits for one that is not in force may be discarded. */
    held: Held | null;
    mayWrite: boolean;
    back: string;
  },
) {
  const { id, route, state, discarded, tries, matched, replayOf, dueAt, error } = delivery;
  return (
    <div class="body stack" data-delivery={id}>
      <div class="row">
        <StateBadge delivery={delivery} held={held} />
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
            {held !== null ? <WaitsForRoute held={held} /> : (
              <>
                due <Time at={dueAt} relative />
              </>
            )}
          </span>
        )}
        {mayWrite && (
          <form method="post" action={`/deliveries/${id}/do`} class="row">
            <input type="hidden" name="back" value={back} />
            {(state === "dead" || state === "pending" && held === null) && (
              <button id={`retry-${id}`} class={state === "dead" ? "primary" : ""} name="do" value="retry">
                Retry now
              </button>
            )}
            {(state === "dead" && !discarded || state === "pending" && held === "not in force") && (
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
        <Table
          label={`Attempts of delivery ${id}`}
          class="tries"
          columns={[["Attempt"], ["Began"], ["Took", "num"], ["Outcome"], ["What it said"]]}
        >
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
                {attempt.error !== null && (
                  <div>
                    <T>{attempt.error}</T>
                  </div>
                )}
                {attempt.sent.map((one) => <SentBlock sent={one} />)}
              </td>
            </tr>
          ))}
        </Table>
      )}
      {tries.length === 0 && error !== null && (
        <p class="small">
          <T>{error}</T>
        </p>
      )}
    </div>
  );
}

/** Something that an attempt sent; its body shows when it is opened. */
function SentBlock({ sent: { what, status, body } }: { sent: AttemptItem["sent"][number] }) {
  const line = (
    <>
      sent <T>{what}</T>
      {status !== null && ` → ${status}`}
    </>
  );
  if (body === "") return <div class="soft">{line}</div>;
  return (
    <details class="soft">
      <summary>{line}</summary>
      <pre><T>{body}</T></pre>
    </details>
  );
}

/** One delivery by itself. */
export function DeliveryPage(
  { frame, delivery, held }: { frame: Frame; delivery: DeliveryWhole; held: Held | null },
) {
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
            </a>{" "}
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
          held={held}
          mayWrite={frame.role === "full"}
          back={`/deliveries/${delivery.id}`}
        />
      </section>
    </Page>
  );
}
