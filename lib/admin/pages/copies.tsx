/** An event to take along: as a request for a shell, and as the beginning of a test. @module */
import { EVENT_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER } from "../../verify/verify.ts";
import type { EventWhole } from "../api/shapes.ts";
import { Block } from "./text.tsx";

/** Both, folded. */
export function Copies({ event, url }: { event: EventWhole; url: string }) {
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

/** The request again, for a shell. `--data-raw` sends a body that begins with `@` as it is. */
export function asCurl(event: EventWhole, url: string): string {
  const header = (name: string, value: string) => `  -H ${quote(`${name}: ${value}`)} \\\n`;
  const lines = header("content-type", "application/json") + header(TIMESTAMP_HEADER, event.timestamp) +
    header(EVENT_ID_HEADER, event.id) + header(SIGNATURE_HEADER, event.signature.value);
  return event.bodyBase64 === null
    ? `curl -i ${quote(url)} \\\n${lines}  --data-raw ${quote(event.body)}`
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
    `Deno.test(${JSON.stringify(`NAME takes ${event.type ?? "this event"}`)}, async () => {`,
    `  await plugin.run(event, { options: {}, log: console });`,
    `});`,
  ].join("\n");
}

/** For a POSIX shell: nothing inside single quotes means anything. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
