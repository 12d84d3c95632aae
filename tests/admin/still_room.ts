/** A relay that runs nothing by itself, and deliveries in it that stand as a test wants them. @module */
import { anEvent, ending } from "../store/fixtures.ts";
import { openRoom } from "./room.ts";

/** The routes of such a relay. */
export const ROUTES = ["first", "other"];
/** In milliseconds. */
export const HOUR = 3_600_000;
/** A room. */
type Room = Awaited<ReturnType<typeof openRoom>>;

/** A relay that runs nothing by itself. */
export async function stillRoom(sources: { name: string; path: string }[] = []): Promise<Room> {
  const room = await openRoom({
    sources: [{}, ...sources],
    routes: ROUTES.map((name) => ({ name, plugin: "log", events: ["cg.*"] })),
  });
  await room.dispatcher.stop(0);
  return room;
}

/** Stores events `a0`, `b0`, `a1`, …: those of `a` an hour after each other, of coin and source `a`; likewise `b`. */
export async function fill(room: Room, hours: number): Promise<void> {
  await room.store.append(
    Array.from({ length: hours }, (_, hour) =>
      ["a", "b"].map((coin) =>
        anEvent(`${coin}${hour}`, {
          coin,
          source: coin === "a" ? "cryptosync" : "second",
          receivedAt: hour * HOUR,
          deliveries: ROUTES.map((route) => ({ route, matched: [0], dueAt: 0 })),
        })
      )).flat(),
  );
}

/** Has the deliveries that a route has end so. */
export async function end(
  room: Room,
  route: string,
  state: "done" | "dead",
  events?: string[],
): Promise<void> {
  const { claimed } = await room.store.claim({
    relay: "test",
    now: 1,
    leaseUntil: 2,
    routes: [{ route, limit: 10_000, order: "any", rate: null }],
  });
  const given = claimed.filter(({ event }) => events?.includes(event.id) ?? true);
  await room.store.settle("test", given.map((one) => ending(one, state)), 1);
}

/** Which delivery it is: its route and its event. */
export const place = (one: { route: string; event: { id: string } }) => `${one.route} ${one.event.id}`;
