/** The config in force, its secrets masked. @module */
import type { Config } from "../../config/schema.ts";
import { type Frame, Page } from "./layout.tsx";
import { Block } from "./text.tsx";

/** The page; `config` with its secrets masked. */
export function ConfigPage({ frame, config }: { frame: Frame; config: Config }) {
  return (
    <Page title="Config" at="/config" frame={frame}>
      <div class="head">
        <h1 class="grow">Config in force</h1>
      </div>
      <section class="card">
        <div class="body stack">
          <p class="soft">
            config.json with every default filled in. Secrets are masked. Edit the file itself: most of it
            takes effect within a second, and mistakes are told in the log.
          </p>
          <Block>{JSON.stringify(config, null, 2)}</Block>
        </div>
      </section>
    </Page>
  );
}
