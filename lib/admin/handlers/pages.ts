/** Every page of the dashboard, and the forms on them. @module */
import { Hono } from "hono";
import type { Desk } from "../desk.ts";
import type { AdminEnv, Guard } from "../guard/guard.ts";
import { assetResponse } from "../pages/assets.ts";
import { notFound } from "../problem.ts";
import { addDeliveries } from "./deliveries.tsx";
import { addEvents } from "./events.tsx";
import { addLive } from "./live.tsx";
import { addRelay } from "./relay.tsx";
import { addSession } from "./session.tsx";
import { createSite } from "./site.tsx";

/** Makes the pages. */
export function createPages(desk: Desk, guard: Guard): Hono<AdminEnv> {
  const app = new Hono<AdminEnv>();
  const asset = (name: string) => {
    const response = assetResponse(name);
    if (response === null) throw notFound("There is no such file.");
    return response;
  };
  app.get("/assets/:version/:name", (c) => asset(c.req.param("name")));
  app.get("/favicon.svg", () => asset("favicon.svg"));

  const site = createSite(app, desk, guard);
  for (const add of [addLive, addEvents, addDeliveries, addRelay, addSession]) add(site);
  return app;
}
