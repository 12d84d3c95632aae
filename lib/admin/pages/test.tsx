/** Sending a test event from the page. @module */
import { SAMPLES } from "../../samples.ts";
import type { TestAnswer } from "../actions.ts";
import { type Frame, Page } from "./layout.tsx";
import { eventPath } from "./pieces.tsx";
import { T } from "./text.tsx";

/** The page. */
export function TestPage({ frame, sources, sample, source, body, answer }: {
  frame: Frame;
  sources: string[];
  /** Name of the sample that is chosen. */
  sample: string;
  source: string;
  body: string;
  answer?: TestAnswer | undefined;
}) {
  return (
    <Page title="Send a test" at="/test" frame={frame}>
      <div class="head">
        <h1 class="grow">Send a test event</h1>
      </div>
      {answer && <Answer answer={answer} />}
      <section class="card">
        <div class="body stack">
          <p class="soft">
            It is signed with the source's secret and goes the whole way: it is verified, stored, routed, and
            its plugins really run. Plugins can tell that it is a test.
          </p>
          <form class="row" data-auto action="/test">
            <input type="hidden" name="source" value={source} data-follows="source" />
            <label>
              Begin with a sample
              <select name="sample">
                {SAMPLES.map(({ name, summary }) => (
                  <option value={name} selected={name === sample}>{`${name}: ${summary}`}</option>
                ))}
              </select>
            </label>
            <button>Load it</button>
          </form>
          <form method="post" action="/test" class="stack">
            {sources.length > 1 && (
              <label>
                To the source
                <select name="source" id="source">
                  {sources.map((name) => <option selected={name === source}>{name}</option>)}
                </select>
              </label>
            )}
            <input type="hidden" name="source" value={source} disabled={sources.length > 1} />
            <input type="hidden" name="sample" value={sample} />
            <label>
              Body
              <textarea name="body" spellcheck={false} rows={14}>{body}</textarea>
            </label>
            <div class="row">
              <button class="primary" disabled={frame.role === "read"}>Sign and send</button>
              {frame.role === "read" && <span class="soft">This token may look and change nothing.</span>}
            </div>
          </form>
        </div>
      </section>
    </Page>
  );
}

function Answer({ answer: { status, answer, seq, id } }: { answer: TestAnswer }) {
  const good = status === 200;
  const said = good ? String(answer["status"]) : `${answer["reason"]}: ${answer["detail"]}`;
  return (
    <p class={`notice ${good ? "good" : "bad"}`} role="status">
      <span>
        {`Answered ${status}: `}
        <T>{said}</T>
        {". "}
        <span class="mono small">{id}</span>
      </span>
      {seq !== null && <a href={eventPath(seq)}>See the event</a>}
    </p>
  );
}
