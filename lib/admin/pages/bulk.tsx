/** Before and while many dead letters are retried or discarded, or what waits is discarded. @module */
import type { BulkJob } from "../api/shapes.ts";
import { type DeliveryFilters } from "./deliveries.tsx";
import { type Frame, Notice, Page } from "./layout.tsx";
import { Fact } from "./pieces.tsx";
import { number, T } from "./text.tsx";

/** Asks back before many are touched. */
export function BulkPreview({ frame, action, waiting, preview, filters, search }: {
  frame: Frame;
  action: BulkJob["action"];
  /** Whether it is about what waits for routes that are not in force, in place of dead letters. */
  waiting: boolean;
  preview: { count: number; exact: boolean };
  filters: Partial<DeliveryFilters>;
  search: URLSearchParams;
}) {
  const word = action === "retry" ? "Retry" : "Discard";
  const narrowed = Object.entries(filters).filter(([name, value]) => value && name !== "state");
  return (
    <Page title={`${word} deliveries`} at="/deliveries" frame={frame}>
      <section class="card">
        <header>
          <h1>
            {`${word} ${atLeast(preview)} ${
              waiting ? "that wait for what is not in force" : "dead letters"
            }?`}
          </h1>
        </header>
        <div class="body stack">
          {narrowed.length > 0
            ? (
              <dl class="facts">
                {narrowed.map(([name, value]) => <Fact name={name}>{value}</Fact>)}
              </dl>
            )
            : waiting
            ? <p>This is what waits for any route that is not in force.</p>
            : <p>These are the dead letters of every route.</p>}
          <p class="soft">
            {action === "retry"
              ? "Each is tried again now, with its attempts starting afresh. Receivers see the same idempotency key."
              : "They count as dealt with. Their events stay, and each can still be retried from its event's page."}
          </p>
          <form method="post" action="/dead-letters" class="row">
            <input type="hidden" name="search" value={search.toString()} />
            <button
              class={action === "retry" ? "primary" : "danger"}
              name="do"
              value={`${action}-${waiting ? "waiting" : "all"}-now`}
              disabled={preview.count === 0}
            >
              {`${word} ${atLeast(preview)}`}
            </button>
            <a class="button" href={`/deliveries?${search}`}>Cancel</a>
          </form>
        </div>
      </section>
    </Page>
  );
}

/** How far work on many is. */
export function JobPage({ frame, job }: { frame: Frame; job: BulkJob }) {
  const word = job.action === "retry" ? "Retrying" : "Discarding";
  return (
    <Page title={`${word} deliveries`} at="/deliveries" frame={frame} scripts={["job.js"]}>
      <section class="card">
        <header>
          <h1>{`${word} deliveries`}</h1>
        </header>
        <div class="body stack" data-job={job.id}>
          <progress max={String(Math.max(job.total, 1))} value={String(job.done)} aria-label="Progress">
          </progress>
          <p role="status">
            <span data-done>{number(job.done)}</span> of <span data-total>{number(job.total)}</span> ·{" "}
            <span data-state>{job.state}</span>
          </p>
          {job.error && (
            <Notice level="bad">
              <T>{job.error}</T>
            </Notice>
          )}
          <p>
            <a class="button" href="/deliveries">To the deliveries</a>
          </p>
        </div>
      </section>
    </Page>
  );
}

function atLeast({ count, exact }: { count: number; exact: boolean }): string {
  return exact ? number(count) : `${number(count)}+`;
}
