/** Deliveries and dead letters, and what is done with them. @module */
import { given } from "../../given.ts";
import { discardOne, replay, retryOne } from "../actions.ts";
import * as query from "../api/query.ts";
import type { BulkJob } from "../api/shapes.ts";
import { BulkPreview, JobPage } from "../pages/bulk.tsx";
import { Deliveries } from "../pages/deliveries.tsx";
import { DeliveryPage } from "../pages/delivery.tsx";
import type { RouteCount } from "../../store/contract.ts";
import { badRequest, notFound } from "../problem.ts";
import { findDeliveries, isKnownByCount, noneOf } from "../read/find_deliveries.ts";
import { oneDelivery } from "../read/one_event.ts";
import { heldBy, leftBehind, routeItems } from "../read/routes.ts";
import { answer, formOf, narrowing, ownPath, params, type Site, withDone } from "./site.tsx";

/** Adds the handlers. */
export function addDeliveries({ app, desk, frame }: Site): void {
  const { parts, mask, bulk } = desk;
  const { store } = parts;
  const routesNow = async (counts: RouteCount[]) => routeItems(parts, counts, await parts.standing(), mask);

  app.get("/deliveries", async (c) => {
    const asked = params(c);
    const filters = query.check(query.deliveriesParams, asked);
    const page = given({ limit: filters.limit, before: filters.cursor });
    const dead = chosenBy(asked);
    const counts = await store.counts();
    return answer(
      c,
      <Deliveries
        frame={await frame(c)}
        rows={await findDeliveries(store, query.deliveryQuery(filters), page, mask)}
        routes={await routesNow(counts)}
        left={leftBehind(parts, counts)}
        filters={narrowing(asked)}
        none={noneOf(counts, query.deliveryQuery(filters))}
        search={new URLSearchParams(asked)}
        dead={isKnownByCount(dead) ? (await bulk.count(dead)).count : null}
        now={parts.now()}
      />,
    );
  });

  app.get("/deliveries/:id{\\d+}", async (c) => {
    const delivery = await oneDelivery(store, Number(c.req.param("id")), mask);
    const held = heldBy(await routesNow(await store.counts()), delivery.route);
    return answer(c, <DeliveryPage frame={await frame(c)} delivery={delivery} held={held} />);
  });

  app.post("/deliveries/:id{\\d+}/do", async (c) => {
    const form = await formOf(c);
    const id = Number(c.req.param("id"));
    const what = String(form.get("do"));
    let changed = 1;
    let done = what;
    if (what === "retry") {
      ({ changed } = await retryOne(parts, id));
      const { route } = await oneDelivery(store, id, mask);
      if (heldBy(await routesNow(await store.counts()), route) !== null) done = "wait";
    } else if (what === "discard") ({ changed } = await discardOne(parts, id));
    else if (what === "replay") await replay(parts, { delivery: id });
    else throw badRequest("There is no such action.");
    const back = ownPath(String(form.get("back") ?? "")) ?? `/deliveries/${id}`;
    return c.redirect(withDone(back, changed > 0 ? done : "nothing"), 303);
  });

  app.post("/dead-letters", async (c) => {
    const form = await formOf(c);
    const [, action, which, now] =
      /^(retry|discard)-(chosen|all|(?<=discard-)waiting)(-now)?$/.exec(String(form.get("do"))) ?? [];
    if (action === undefined) throw badRequest("There is no such action.");
    const search = new URLSearchParams(String(form.get("search") ?? ""));
    const asked = Object.fromEntries(search);
    const waiting = which === "waiting";
    if (which !== "chosen" && now === undefined) {
      return answer(
        c,
        <BulkPreview
          frame={await frame(c)}
          action={action as BulkJob["action"]}
          waiting={waiting}
          preview={await bulk.count({ ...chosenBy(asked), waiting })}
          filters={narrowing(asked)}
          search={search}
        />,
      );
    }
    const ids = form.getAll("id").map(Number).filter(Number.isSafeInteger);
    const wish = which === "chosen" ? { ids } : { ...chosenBy(asked), waiting };
    const job = await bulk.start(action as BulkJob["action"], wish);
    return c.redirect(`/jobs/${job.id}`, 303);
  });

  app.get("/jobs/:id", async (c) => {
    const job = bulk.job(c.req.param("id"));
    if (job === null) throw notFound("There is no such job; the relay may have been restarted since.");
    return answer(c, <JobPage frame={await frame(c)} job={job} />);
  });
}

/** The deliveries that the address of the deliveries page is about, whatever states it shows. */
function chosenBy({ state: _, discarded: __, ...asked }: Record<string, string>) {
  return query.deliveryQuery(query.check(query.deliveriesParams, narrowing(asked)));
}
