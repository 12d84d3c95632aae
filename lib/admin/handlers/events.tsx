/** One event, and what is done with it. @module */
import { replay, tryDry } from "../actions.ts";
import { EventPage } from "../pages/event.tsx";
import { eventPath } from "../pages/pieces.tsx";
import type { DryRun } from "../parts.ts";
import { badRequest } from "../problem.ts";
import { deliveriesOf, oneEvent } from "../read/one_event.ts";
import { routeItems } from "../read/routes.ts";
import { eventWhole } from "../read/views.ts";
import { answer, type Ctx, formOf, params, type Site, sourceUrl, withDone } from "./site.tsx";

/** Adds the handlers. */
export function addEvents({ app, desk, frame }: Site): void {
  const { parts, mask } = desk;

  async function page(c: Ctx, dry?: { route: string; run: DryRun }) {
    const event = await oneEvent(parts.store, c.req.param("id") ?? "", params(c)["source"]);
    const source = parts.config().sources.find(({ name }) => name === event.source);
    return answer(
      c,
      <EventPage
        frame={await frame(c)}
        event={eventWhole(event, await deliveriesOf(parts.store, event, mask), source)}
        routes={routeItems(parts, await parts.store.counts(), await parts.standing(), mask)}
        url={source === undefined ? null : sourceUrl(desk, source.path)}
        dry={dry}
      />,
    );
  }

  app.post("/events/:id{.+}/do", async (c) => {
    const form = await formOf(c);
    const [id, route] = [c.req.param("id"), String(form.get("route"))];
    const what = form.get("do");
    if (what === "try") {
      return await page(c, { route, run: await tryDry(parts, id, undefined, route) });
    }
    if (what !== "replay") throw badRequest("There is no such action.");
    await replay(parts, { event: id, route });
    return c.redirect(withDone(eventPath((await oneEvent(parts.store, id)).seq), "replay"), 303);
  });
  app.get("/events/:id{.+}", (c) => page(c));
}
