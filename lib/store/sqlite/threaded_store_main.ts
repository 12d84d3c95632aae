/// <reference lib="deno.worker" />
/** What runs in the store's thread: see `threaded_store.ts`. @module */
import { answer } from "../../line.ts";
import type { CommitNews } from "../contract.ts";
import { EventRing } from "./event_ring.ts";
import { openSqlite } from "./open.ts";
import { packAppended, unpackEvents } from "./packed.ts";
import { packClaims } from "./packed_claims.ts";
import { unpackSettlements } from "./packed_settlements.ts";
import { ringCommits } from "./ring_commits.ts";
import type { SqliteStore } from "./store.ts";
import type { StoreQuestions, Told } from "./threaded_store.ts";

let store: SqliteStore;
let wake = () => {};
/** News of commits from the ring, to be told in one message with what they answer. */
let held: CommitNews[] | null = null;

const line = answer<StoreQuestions>({
  async open(file, sizes, ring) {
    store = await openSqlite(file, { sizes });
    store.onCommit((news) => {
      if (held === null) line.tell({ news: [news], appended: [] } satisfies Told);
      else held.push(news);
    });
    wake = ringCommits(new EventRing(ring), (events) => {
      held ??= [];
      return store.append(events);
    }, (appended) => {
      line.tell({ news: held ?? [], appended } satisfies Told);
      held = null;
    });
  },
  append: async (events) => packAppended(await store.append(unpackEvents(events))),
  claim: async (request) => packClaims(await store.claim(request)),
  renew: (relay, deliveries, leaseUntil) => store.renew(relay, deliveries, leaseUntil),
  settle: (relay, settlements, now) => store.settle(relay, unpackSettlements(settlements), now),
  event: (key) => store.event(key),
  events: (filter, page) => store.events(filter, page),
  delivery: (id) => store.delivery(id),
  deliveries: (filter, page) => store.deliveries(filter, page),
  attempts: (delivery) => store.attempts(delivery),
  counts: () => store.counts(),
  retry: (filter, now) => store.retry(filter, now),
  discard: (filter) => store.discard(filter),
  replay: (wishes, now) => store.replay(wishes, now),
  rewind: (now, byMs) => store.rewind(now, byMs),
  kvGet: (route, key) => store.kvGet(route, key),
  kvList: (route) => store.kvList(route),
  prune: (olderThan, forgetIdsBefore, limit) => store.prune(olderThan, forgetIdsBefore, limit),
  ready: () => store.ready(),
  close: () => store.close(),
}, { onTold: () => wake() });
