/** What the tests of dispatch have in common. @module */
import type { Result } from "../../lib/dispatch/contract.ts";
import type { Delivery, StoredEvent } from "../../lib/nouns.ts";
import type { Route } from "../../lib/route/resolve.ts";

export const POLICY = { maxAttempts: 10, minDelayMs: 2000, maxDelayMs: 3_600_000 };

/** Of an attempt that went well, and left nothing. */
export const DONE: Result = {
  ms: null,
  outcome: "done",
  error: null,
  retryAfterSeconds: null,
  kv: [],
  emitted: [],
  sent: [],
};

/** With two changes. */
export const EVENT: StoredEvent = {
  seq: 1,
  source: "cryptosync",
  id: "evt-1",
  type: "cg.coin.info.updated",
  coin: "aave",
  receivedAt: 1_776_066_000_000,
  timestamp: "1776066000",
  signature: "00",
  body: new TextEncoder().encode(
    '{"event_type":"cg.coin.info.updated","data":{"id":"aave","symbol":"aave","name":"Aave","changes":[{"field":"name","change_type":"update","new_value":"Aave"},{"field":"symbol","change_type":"update","new_value":"AAVE"}]}}',
  ),
  test: false,
  depth: 0,
};

/** Of the second change. */
export const DELIVERY: Delivery = {
  id: 7,
  event: 1,
  route: "names",
  state: "running",
  matched: [1],
  attempts: 1,
  dueAt: 0,
  createdAt: 0,
  finishedAt: null,
  error: null,
  replayOf: null,
  discarded: false,
};

export const ROUTE: Route = {
  name: "names",
  plugin: "log",
  filters: {},
  options: {},
  allow: {},
  concurrency: 1,
  timeoutMs: 1000,
  order: "any",
  rate: null,
  retry: POLICY,
  schedule: { digest: null, quietHours: null, timeZone: "UTC" },
  urgent: null,
  configured: true,
};
