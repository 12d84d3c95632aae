/** The relay itself: sources, plugins and routes, the config, and test events. @module */
import { maskSecrets } from "../../config/secrets.ts";
import { SAMPLES } from "../../samples.ts";
import { sendTestEvent, switchRoute, type TestAnswer } from "../actions.ts";
import { ConfigPage } from "../pages/config.tsx";
import { KV_SHOWN, Plugins } from "../pages/plugins.tsx";
import { Sources } from "../pages/sources.tsx";
import { TestPage } from "../pages/test.tsx";
import { kvItems, pluginItems, routeItems } from "../read/routes.ts";
import { answer, type Ctx, formOf, type Site, sourceUrl } from "./site.tsx";

/** Adds the handlers. */
export function addRelay({ app, desk, frame }: Site): void {
  const { parts, mask } = desk;

  app.get("/sources", async (c) => {
    const sources = await desk.sources.withDays(await parts.standing());
    const refusals = await Promise.all(sources.map(({ name }) => desk.sources.refusals(name)));
    return answer(
      c,
      <Sources
        frame={await frame(c)}
        sources={sources}
        refusals={refusals.flat()}
        urlOf={(path) => sourceUrl(desk, path)}
      />,
    );
  });

  app.get("/plugins", async (c) => {
    const standing = await parts.standing();
    const routes = routeItems(parts, await parts.store.counts(), standing, mask);
    const kv = await Promise.all(routes.map(async ({ name }) => {
      const entries = (await parts.store.kvList(name)).slice(0, KV_SHOWN);
      return [name, kvItems(entries, mask)] as const;
    }));
    const plugins = pluginItems(parts, standing, mask);
    return answer(c, <Plugins frame={await frame(c)} plugins={plugins} routes={routes} kv={new Map(kv)} />);
  });

  app.post("/routes/:name/do", async (c) => {
    const on = (await formOf(c)).get("on") === "1";
    await switchRoute(parts, c.req.param("name"), on);
    return c.redirect(`/plugins?done=${on ? "on" : "off"}#route-${c.req.param("name")}`, 303);
  });

  app.get("/config", async (c) => {
    const { refusedConfig } = await parts.standing();
    return answer(
      c,
      <ConfigPage
        frame={await frame(c)}
        config={maskSecrets(parts.config())}
        refused={refusedConfig === null ? null : mask(refusedConfig)}
      />,
    );
  });

  app.get("/test", (c) => testPage(c, { sample: c.req.query("sample"), source: c.req.query("source") }));
  app.post("/test", async (c) => {
    const form = await formOf(c);
    const text = (name: string) => form.get(name) === null ? undefined : String(form.get(name));
    const wish = { source: text("source"), sample: text("sample"), body: text("body") };
    return await testPage(c, wish, await sendTestEvent(parts, wish));
  });

  type Wish = Parameters<typeof sendTestEvent>[1];
  async function testPage(c: Ctx, wish: Wish, came?: TestAnswer) {
    const sources = parts.config().sources.map(({ name }) => name);
    const sample = SAMPLES.find(({ name }) => name === wish.sample) ?? SAMPLES[0]!;
    return answer(
      c,
      <TestPage
        frame={await frame(c)}
        sources={sources}
        sample={sample.name}
        source={sources.find((name) => name === wish.source) ?? sources[0] ?? ""}
        body={wish.body ?? JSON.stringify(JSON.parse(sample.body), null, 2)}
        answer={came}
      />,
    );
  }
}
