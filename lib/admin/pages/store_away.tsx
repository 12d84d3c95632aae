/** In place of every page while the store does not answer. @module */
import { PROVIDER_TRIES } from "../../receive/failing.ts";
import type { Senders } from "../read/readiness.ts";
import { Bare } from "./layout.tsx";
import { T, Time } from "./text.tsx";

/** The page. `said`: what the store said; `again`: the path that was asked for. */
export function StoreAway({ said, senders, again }: { said: string; senders: Senders; again: string }) {
  return (
    <Bare title="The store does not answer">
      <section class="card">
        <header>
          <h1>The store does not answer</h1>
        </header>
        <div class="body stack" data-again>
          <p>
            <T>{said}</T>
          </p>
          <p>
            <Fare senders={senders} />
          </p>
          <p>
            What to do: mend what is said above; <code>deno task doctor</code>{" "}
            on the relay's machine looks for the cause. Once the store answers, the relay goes on by itself,
            and so does this page.
          </p>
          <p>
            <a class="button primary" href={again}>Look again</a>
          </p>
        </div>
      </section>
    </Bare>
  );
}

function Fare({ senders: { served, refusedSince } }: { senders: Senders }) {
  if (served === null) return <>Whether senders are served is not known: the relay does not say.</>;
  if (served) return <>Senders are served: only the dashboard cannot read the store.</>;
  return (
    <>
      {`Senders are answered 503 and send again, the provider up to ${PROVIDER_TRIES} times within a day. What was accepted before waits in the store. `}
      {refusedSince === null ? "None has come since the store went away, as far as this relay knows." : (
        <>
          The first was refused <Time at={refusedSince} relative />.
        </>
      )}
    </>
  );
}
