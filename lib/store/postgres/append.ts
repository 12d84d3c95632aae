/** Appends events with their deliveries, each once. @module */
import type { Appended, NewEvent } from "../contract.ts";
import { counting } from "./counters.ts";
import { entering, laneOf } from "./lanes.ts";
import { PENDING } from "../states.ts";
import { storable } from "../storable.ts";
import type { Transaction } from "./transaction.ts";

/** The routes of the events' deliveries. */
export function routesOf(events: readonly NewEvent[]): string[] {
  return events.flatMap(({ deliveries }) => deliveries.map(({ route }) => route));
}

/**
 * Takes the locks, and appends in the order given; an event whose (source, id) is known is a duplicate and leaves no
 * trace. Goes out without waiting for an answer, so that the locks are not held while messages travel.
 */
export function append(tx: Transaction, events: readonly NewEvent[]): Promise<Appended[]> {
  tx.script(`${tx.locks.underOrders}; ${tx.locks.sequence}`);
  tx.query(tx.locks.lanes, routesOf(events));
  return tx.also(insert(tx, events));
}

/** Appends, inside a transaction that holds the locks. Throws at once when an event is not as it should be. */
export function insert(tx: Transaction, events: readonly NewEvent[]): Promise<Appended[]> {
  const seen = new Set<string>();
  const given = events.flatMap((event, position) => {
    const key = JSON.stringify([storable(event.source), storable(event.id)]);
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ position, ...event, body: event.body.toBase64() }];
  });
  return answersOf(tx, events, tx.query<Inserted>(INSERT, given));
}

interface Inserted {
  made: { position: number; seq: number }[] | null;
  due: string[] | null;
}

async function answersOf(
  tx: Transaction,
  events: readonly NewEvent[],
  inserting: Promise<Inserted[]>,
): Promise<Appended[]> {
  const [inserted] = await inserting;
  const seqs = new Map(inserted?.made?.map(({ position, seq }) => [position, seq]));
  for (const seq of seqs.values()) tx.appended(seq);
  for (const route of inserted?.due ?? []) tx.due(route);
  return events.map((_, position) => {
    const seq = seqs.get(position);
    return seq === undefined ? { result: "duplicate" } : { result: "accepted", seq };
  });
}

/**
 * Looks ids up one by one (a join would be free to read all of them), gives numbers to those that are new, in order, and
 * takes everything else from these rows.
 */
const INSERT = `
WITH given AS (
  SELECT *, sha256(convert_to(id, 'UTF8')) AS digest FROM json_to_recordset($1::json) AS g(
    position int, source text, id text, type text, coin text, "receivedAt" bigint, timestamp text, signature text,
    test boolean, depth int, body text, deliveries json)
), unknown AS (
  SELECT * FROM given
  WHERE (SELECT true FROM events e WHERE e.digest = given.digest AND e.source = given.source LIMIT 1) IS NULL
    AND (SELECT true FROM remembered m WHERE m.digest = given.digest AND m.source = given.source LIMIT 1) IS NULL
  ORDER BY position
), fresh AS MATERIALIZED (
  SELECT nextval('events_seq_seq') AS seq, * FROM unknown
), made AS (
  INSERT INTO events (seq, source, id, digest, type, coin, received_at, timestamp, signature, test, depth, body)
  SELECT seq, source, id, digest, type, coin, "receivedAt", timestamp, signature, test, depth, decode(body, 'base64')
  FROM fresh
), planned AS (
  SELECT seq, "receivedAt", nth, r.id AS route, p.matched, p."dueAt", CASE WHEN r.lanes THEN ${
  laneOf("coin")
} END AS lane
  FROM fresh
  CROSS JOIN LATERAL ROWS FROM (
    json_to_recordset(fresh.deliveries) AS (route text, matched json, "dueAt" bigint)
  ) WITH ORDINALITY AS p(route, matched, "dueAt", nth)
  LEFT JOIN routes r ON r.name = p.route
), placed AS (
  INSERT INTO deliveries (event, route, state, due_at, created_at, lane, matched)
  SELECT seq, route, ${entering("planned", "seq, nth")}, "dueAt", "receivedAt", lane, matched
  FROM planned ORDER BY seq, nth
  RETURNING id, route, state
), counted AS (${counting("SELECT route, state, 1 AS by FROM placed")})
SELECT
  (SELECT json_agg(json_build_object('position', position, 'seq', seq)) FROM fresh) AS made,
  (SELECT json_agg(name ORDER BY first) FROM (
     SELECT route, min(id) AS first FROM placed WHERE state = ${PENDING} GROUP BY route
   ) AS due JOIN routes r ON r.id = due.route) AS due`;
