/** The config in force, its secrets masked. @module */
import type { Config } from "../../config/schema.ts";
import { type Frame, Notice, Page } from "./layout.tsx";
import { Block } from "./text.tsx";

/** The page; `config` with its secrets masked, and why what was saved last is `refused`, if it is. */
export function ConfigPage(
  { frame, config, refused }: { frame: Frame; config: Config; refused: string | null },
) {
  return (
    <Page title="Config" at="/config" frame={frame}>
      <div class="head">
        <h1 class="grow">Config in force</h1>
      </div>
      {refused !== null && (
        <section class="card" aria-label="Mistakes">
          <div class="body stack">
            <Notice level="bad">
              What was saved last is not in force, and a restart would fail. Mend the file: it takes effect at
              once.
            </Notice>
            <Block>{refused}</Block>
          </div>
        </section>
      )}
      <section class="card">
        <div class="body stack">
          <p class="soft">
            config.json with every default filled in. Secrets are masked. Edit the file itself: most of it
            takes effect within a second, and mistakes are told here and in the log.
          </p>
          <Block>{JSON.stringify(config, null, 2)}</Block>
        </div>
      </section>
    </Page>
  );
}
