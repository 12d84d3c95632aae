/** Plugins and routes: state, reach, trouble; and the switch. @module */
import type { KvEntry } from "../../store/contract.ts";
import type { PluginItem, RouteItem } from "../api/shapes.ts";
import { Empty, type Frame, Notice, Page } from "./layout.tsx";
import { Fact } from "./pieces.tsx";
import { bytes, duration, number, T, Time } from "./text.tsx";

const TONE: Record<PluginItem["state"], string> = {
  idle: "",
  starting: "busy",
  running: "good",
  waiting: "bad",
  broken: "bad",
};

/** The page. `kv`: what routes remember. */
export function Plugins({ frame, plugins, routes, kv }: {
  frame: Frame;
  plugins: PluginItem[];
  routes: RouteItem[];
  kv: ReadonlyMap<string, KvEntry[]>;
}) {
  return (
    <Page title="Plugins & routes" at="/plugins" frame={frame}>
      <div class="head">
        <h1 class="grow">Plugins & routes</h1>
      </div>
      <section class="card" aria-label="Routes">
        <header>
          <h2>Routes</h2>
        </header>
        {routes.length === 0
          ? (
            <Empty title="No route is in force">
              <p>
                A route in config.json says which changes go to which plugin. The example config sends
                everything to <code>log</code>.
              </p>
            </Empty>
          )
          : routes.map((route) => <Route route={route} frame={frame} kv={kv.get(route.name) ?? []} />)}
      </section>
      <section class="card" aria-label="Plugins">
        <header>
          <h2>Plugins</h2>
        </header>
        {plugins.length === 0
          ? (
            <Empty title="The plugins folder is empty">
              <p>
                Make one with <code>deno task new NAME</code>; it takes effect within a second.
              </p>
            </Empty>
          )
          : <PluginList plugins={plugins} />}
      </section>
    </Page>
  );
}

function Route({ route, frame, kv }: { route: RouteItem; frame: Frame; kv: KvEntry[] }) {
  const {
    name,
    plugin,
    on,
    counts,
    mistakes,
    configured,
    order,
    concurrency,
    timeoutMs,
    scheduled,
    running,
  } = route;
  return (
    <div class="body stack" id={`route-${name}`}>
      <div class="row">
        <span class={`badge ${mistakes.length > 0 ? "bad" : on ? "good" : "warn"}`}>
          {mistakes.length > 0 ? "cannot run" : on ? "on" : "off"}
        </span>
        <h3 class="grow">
          {name}{" "}
          <span class="soft small">
            to <a href={`#plugin-${plugin}`}>{plugin}</a>
            {!configured && ", by the plugin's own defaults"}
          </span>
        </h3>
        <span class="small soft">
          <a href={`/?${new URLSearchParams({ route: name })}`}>its events</a> ·{" "}
          <a href={`/deliveries?${new URLSearchParams({ route: name })}`}>its deliveries</a>
        </span>
        {frame.role === "full" && (
          <form method="post" action={`/routes/${name}/do`}>
            <button
              name="on"
              value={on ? "0" : "1"}
              data-confirm={on
                ? `Turn the route “${name}” off until the config changes? New events pass it by.`
                : undefined}
            >
              {on ? "Turn off" : "Turn on"}
            </button>
          </form>
        )}
      </div>
      {mistakes.map(({ path, message }) => (
        <Notice level="bad">
          <code>
            <T>{path}</T>
          </code>: <T>{message}</T>
        </Notice>
      ))}
      {!on && (
        <Notice>
          Turned off here until the config changes: new events pass it by, and what waits waits.
        </Notice>
      )}
      <dl class="facts">
        <Filters filters={route.filters} />
        <dt>Deliveries</dt>
        <dd>
          {`${number(counts.pending ?? 0)} waiting, ${number(running)} running, ${
            number(counts.done ?? 0)
          } done, ${number(counts.dead ?? 0)} dead letters`}
        </dd>
        <dt>Limits</dt>
        <dd>
          {`${concurrency} at a time, ${duration(timeoutMs)} each${
            order === "coin" ? ", those of one coin in order" : ""
          }${scheduled ? ", gathered or held for quiet hours" : ""}`}
        </dd>
      </dl>
      {kv.length > 0 && (
        <details>
          <summary>
            {`What it remembers (${kv.length === KV_SHOWN ? `the first ${KV_SHOWN}` : kv.length})`}
          </summary>
          <dl class="facts">
            {kv.map(({ key, value }) => <Fact name={key} code>{value.slice(0, 500)}</Fact>)}
          </dl>
        </details>
      )}
    </div>
  );
}

/** Entries of a route's memory that are shown. */
export const KV_SHOWN = 100;

function Filters({ filters }: { filters: RouteItem["filters"] }) {
  const given = Object.entries(filters);
  if (given.length === 0) {
    return (
      <>
        <dt>Takes</dt>
        <dd>every event, whole</dd>
      </>
    );
  }
  return (
    <>
      {given.map(([name, filter]) => (
        <Fact name={name}>{Array.isArray(filter) ? filter.join(", ") : JSON.stringify(filter)}</Fact>
      ))}
    </>
  );
}

/** Those that are not asked for are many and say little. */
function PluginList({ plugins }: { plugins: PluginItem[] }) {
  const idle = plugins.filter(({ routes, error }) => routes.length === 0 && error === null);
  return (
    <>
      {plugins.filter((plugin) => !idle.includes(plugin)).map((plugin) => <Plugin plugin={plugin} />)}
      {idle.length > 0 && (
        <details class="body">
          <summary>{`${idle.length} that no route asks for`}</summary>
          <dl class="facts spaced">
            {idle.map(({ name, description }) => (
              <>
                <dt id={`plugin-${name}`}>
                  <code>{name}</code>
                </dt>
                <dd>
                  <T>{description}</T>
                </dd>
              </>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

function Plugin({ plugin }: { plugin: PluginItem }) {
  const {
    name,
    description,
    state,
    usable,
    error,
    lastError,
    version,
    deaths,
    memoryBytes,
    allowed,
    refused,
    routes,
    waitsUntil,
    file,
    running,
  } = plugin;
  return (
    <div class="body stack" id={`plugin-${name}`}>
      <div class="row">
        <span class={`badge ${TONE[state]}`}>{state}</span>
        <h3 class="grow">
          {name} <span class="soft small">{description !== null && <T>{description}</T>}</span>
        </h3>
        {routes.length === 0 && <span class="badge plain">no route asks for it</span>}
      </div>
      {error !== null && (
        <Notice level="bad">
          {error.file !== null && (
            <code>
              <T>{error.file + (error.line === null ? "" : `:${error.line}`)}</T>
            </code>
          )} <T>{error.message}</T>
          {usable && ". The version before it goes on."}
        </Notice>
      )}
      {error === null && lastError !== null && (
        <Notice>
          Last trouble: <T>{lastError}</T>
        </Notice>
      )}
      {waitsUntil !== null && (
        <p class="soft">
          It keeps dying; it is started again <Time at={waitsUntil} relative />. Its deliveries wait.
        </p>
      )}
      <dl class="facts">
        <dt>File</dt>
        <dd>
          <code>
            <T>{file}</T>
          </code>{" "}
          {version !== null && (
            <span class="soft">
              version <code>{version.slice(0, 12)}</code>
            </span>
          )}
        </dd>
        <dt>Process</dt>
        <dd>
          {`${memoryBytes > 0 ? bytes(memoryBytes) : "none is up"}, ${
            number(running)
          } running, died ${deaths} ${deaths === 1 ? "time" : "times"}`}
        </dd>
        <dt>May reach</dt>
        <dd>
          {allowed.length === 0 ? "nothing" : allowed.map(({ kind, target, route, why }) => (
            <div>
              <code>
                {kind} <T>{target}</T>
              </code>{" "}
              <span class="soft small">{`${route}: ${why}`}</span>
            </div>
          ))}
        </dd>
        {refused.length > 0 && (
          <>
            <dt>Was refused</dt>
            <dd>
              {refused.map(({ kind, target, count, lastAt, remedy }) => (
                <div>
                  <code>
                    {kind} <T>{target}</T>
                  </code>{" "}
                  <span class="soft small">
                    {`${number(count)} ×, last `}
                    <Time at={lastAt} relative />
                  </span>
                  {remedy !== null && (
                    <div class="small soft">
                      A route would allow it with{" "}
                      <code>
                        <T>{remedy}</T>
                      </code>
                    </div>
                  )}
                </div>
              ))}
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
