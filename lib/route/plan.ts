/** From an event to the deliveries that are to be made of it. @module */
import type { Content } from "../nouns.ts";
import type { PlannedDelivery } from "../store/contract.ts";
import type { Route } from "./resolve.ts";
import { dueAt } from "./schedule.ts";
import { createRouteTable } from "./table.ts";

/** Plans the deliveries of an event received at `now` (milliseconds since 1970). */
export type Plan = (content: Content, now: number) => PlannedDelivery[];

/** Compiles routes into a plan. */
export function createPlan(routes: readonly Route[]): Plan {
  const table = createRouteTable(routes.map(({ name, filters }) => ({ name, ...filters })));
  const timed = new Map(
    routes.filter(({ schedule }) => schedule.digest !== null || schedule.quietHours !== null)
      .map((route) => [route.name, { schedule: route.schedule, breaks: breaksQuiet(route) }]),
  );
  return (content, now) =>
    table.match(content).map((match) => {
      const timing = timed.get(match.route);
      return {
        route: match.route,
        matched: match.matched,
        dueAt: timing === undefined ? now : dueAt(timing.schedule, now, timing.breaks(content)),
      };
    });
}

/** What may go out in a route's quiet hours. */
export function breaksQuiet({ name, urgent }: Route): (content: Content) => boolean {
  if (urgent === null) return () => false;
  const table = createRouteTable([{ name, ...urgent }]);
  return (content) => table.match(content).length > 0;
}
