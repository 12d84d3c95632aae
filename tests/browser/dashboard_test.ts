import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { openRoom, type RoomSettings } from "../admin/room.ts";
import { coinBody, update } from "../admin/room.ts";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { until } from "../support/until.ts";
import {
  accessibilityTroubles,
  assertFits,
  findChromium,
  openPage,
  startChromium,
  type WatchedPage,
} from "./chromium.ts";

const executable = await findChromium();
const ROUTES = [{ name: "all", plugin: "log", events: ["cg.*"] }, {
  name: "links",
  plugin: "http",
  fields: ["links.*"],
}];
const EVIL = `<script>alert(1)</script><img src=x onerror=alert(2)>\u202Egnp`;

/** A room with its admin listener on a real port. */
async function serve(settings: RoomSettings = {}, port = 0) {
  const room = await openRoom({ thread: true, ...settings });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen() {} },
    (request, info) => room.admin.handle(request, info),
  );
  return {
    room,
    port: server.addr.port,
    base: `http://127.0.0.1:${server.addr.port}`,
    async stop(keepStore = false) {
      room.admin.close();
      await server.shutdown();
      if (keepStore) await room.close();
      else await room[Symbol.asyncDispose]();
    },
  };
}

type Served = Awaited<ReturnType<typeof serve>>;

/** A relay in which there is something of everything. */
async function full(settings: RoomSettings = {}): Promise<Served> {
  const served = await serve({
    sources: [{}, { name: "second", path: "/second", secrets: ["whsec_the_second_one"] }],
    routes: ROUTES,
    descriptions: [
      { name: "log", description: "One line for each change" },
      { name: "http", error: { stage: "import", message: "Expected ';'", file: "http.ts", line: 4 } },
    ],
    status: [{ name: "log" }, {
      name: "http",
      state: "waiting",
      waitsUntil: Date.now() + 60_000,
      lastError: "out of memory",
      deaths: 3,
    }],
    run: (job) => job.route === "links" ? { outcome: "permanent", error: "example.com answered 503" } : {},
    dryRun: () => ({ outcome: "done", error: null, lines: ["POST https://example.com/\n{}"] }),
    ...settings,
  });
  const { room } = served;
  await room.deliver({
    id: "link",
    body: coinBody("aave", [update("links.homepage", ["https://a.example"], ["https://b.example"])], "Aave"),
  });
  await room.deliver({
    id: "notice",
    body: coinBody("usd-coin", [update("public_notices", "", "A breach was reported.")], "USDC"),
  });
  await room.deliver({
    id: "evil",
    body: coinBody("evil", [update("name", "Good", EVIL), update(`links.${EVIL}`, EVIL, EVIL)], EVIL),
  });
  await room.deliver({ id: EVIL.slice(0, 40), body: "not json" });
  await room.deliver({ id: "wrong", secret: "whsec_wrong" });
  await until(
    "all is settled",
    async () => (await room.store.counts()).every(({ state }) => state === "done" || state === "dead"),
  );
  return served;
}

/** A coin's new category. */
const joined = (new_value: string) => ({ field: "categories", change_type: "addition", new_value });

const rows = (page: Page) => page.locator("[data-events] > .event");

Deno.test({
  name: "the dashboard in a real browser",
  ignore: executable === null,
  async fn(t) {
    const browser: Browser = await startChromium(executable!);
    const withPage = async (
      served: Served,
      use: (page: Page, watched: WatchedPage) => Promise<void>,
      options = {},
    ) => {
      const watched = await openPage(browser, served.base, options);
      try {
        await use(watched.page, watched);
        assertEquals(watched.troubles, []);
      } finally {
        await watched.close();
      }
    };
    try {
      await t.step("an event shows as it arrives, its deliveries as they go on", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.locator("[data-connection].good").waitFor();
          const before = await rows(page).count();
          await served.room.deliver({
            id: "live",
            body: coinBody("btc", [update("name", "Bitcoin", "Bitcoin!")], "Bitcoin!"),
          });
          const row = rows(page).first();
          await row.filter({ hasText: "Bitcoin!" }).waitFor();
          await row.locator('.badge.good[title="done"]').waitFor();
          assertEquals(await rows(page).count(), before + 1);
          assertMatch(await row.innerText(), /Name changed\s*Bitcoin\s*→\s*Bitcoin!/);
        });
        await served.stop();
      });

      await t.step("filters live in the address, and hold for what arrives", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.getByLabel("Field").fill("links.*");
          await page.getByLabel("Field").press("Enter");
          await page.waitForURL(/\?field=links\.\*$/);
          await page.locator("[data-connection].good").waitFor();
          assertEquals(await rows(page).count(), 2);
          await served.room.deliver({ id: "a", body: coinBody("btc", [update("name", "x", "y")]) });
          await served.room.deliver({
            id: "b",
            body: coinBody("eth", [update("links.x", "x", "y")], "Ether"),
          });
          await rows(page).first().filter({ hasText: "Ether" }).waitFor();
          assertEquals(await rows(page).count(), 3);
          await page.locator("select[name=changeType]").selectOption("addition");
          await page.waitForURL(/changeType=addition/);
          await page.getByText("No event matches").waitFor();
          await page.getByRole("link", { name: "Clear the filter" }).click();
          await page.waitForURL(/\/$/);
        });
        await served.stop();
      });

      await t.step("paused, nothing moves; what came meanwhile is counted and then shown", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.locator("[data-connection].good").waitFor();
          const before = await rows(page).count();
          await page.getByRole("button", { name: "Pause" }).click();
          for (let i = 0; i < 3; i++) await served.room.deliver({ id: `p${i}`, body: coinBody("btc", []) });
          await page.getByText("Paused. 3 new events.").waitFor();
          assertEquals(await rows(page).count(), before);
          await page.getByRole("button", { name: "Show them and go on" }).click();
          await until("they are shown", async () => await rows(page).count() === before + 3);
        });
        await served.stop();
      });

      await t.step("the relay stopped and started mid-stream: the page shows every event once", async () => {
        const served = await serve({ routes: ROUTES });
        let again: Served | undefined;
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.locator("[data-connection].good").waitFor();
          for (let i = 0; i < 5; i++) await served.room.deliver({ id: `a${i}`, body: coinBody("btc", []) });
          await until("five rows", async () => await rows(page).count() === 5);
          await served.stop(true);
          await page.locator("[data-connection].warn").waitFor();
          again = await serve({ routes: ROUTES, folder: served.room.folder }, served.port);
          for (let i = 0; i < 5; i++) await again.room.deliver({ id: `b${i}`, body: coinBody("btc", []) });
          await page.locator("[data-connection].good").waitFor();
          await again.room.deliver({ id: "c", body: coinBody("btc", []) });
          await until("eleven rows", async () => await rows(page).count() >= 11);
          const seqs = await rows(page).evaluateAll((all) =>
            all.map((row) => Number(row.getAttribute("data-seq")))
          );
          assertEquals(seqs, seqs.toSorted((a, b) => b - a));
          assertEquals([seqs.length, new Set(seqs).size], [11, 11]);
        });
        await again!.stop();
      });

      await t.step(
        "a store that goes away is told in place of the live view, which comes back with it",
        async () => {
          const served = await full({ thread: false });
          const { store } = served.room.parts;
          const away = () => Promise.reject(new StoreUnavailable("Cannot use the store: it was moved away"));
          await withPage(served, async (page, { troubles }) => {
            const { counts, events, deliveries, ready } = store;
            const goAway = () =>
              Object.assign(store, { counts: away, events: away, deliveries: away, ready: away });
            const comeBack = () => Object.assign(store, { counts, events, deliveries, ready });
            goAway();
            await page.goto("/");
            assertEquals(await accessibilityTroubles(page), []);
            await assertFits(page, "the page of a store that is away");
            comeBack();
            await page.goto("/?coin=aave");
            await page.locator("[data-connection].good").waitFor();
            goAway();
            await page.locator("[data-connection].warn").waitFor();
            await page.getByText("Cannot use the store: it was moved away").waitFor();
            await page.getByText("Senders are answered 503").waitFor();
            comeBack();
            await rows(page).first().waitFor();
            assertEquals(new URL(page.url()).search, "?coin=aave");
            troubles.splice(0, Infinity, ...troubles.filter((one) => !one.includes("status of 503")));
          });
          await served.stop();
        },
      );

      await t.step("the watchlist is kept in this browser and is a filter of the address", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.getByRole("button", { name: "Watch aave" }).first().click();
          await page.reload();
          assertEquals(
            await page.getByRole("button", { name: "Watch aave" }).first().getAttribute("aria-pressed"),
            "true",
          );
          await page.getByRole("button", { name: "★ Watchlist" }).click();
          await page.waitForURL(/coin=aave/);
          const coins = await rows(page).evaluateAll((all) =>
            all.map((row) => row.getAttribute("data-coin"))
          );
          assertEquals(coins, ["aave", "aave"]);
          await page.getByRole("button", { name: "★ Watchlist" }).click();
          await page.waitForURL((url) => !url.search.includes("coin"));
        });
        await served.stop();
      });

      await t.step("a dead letter is found, retried, and seen to succeed without a reload", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/");
          await rows(page).filter({ hasText: "A delivery became a dead letter" }).first()
            .getByText("example.com answered 503").waitFor();
          await page.getByRole("link", { name: /^Deliveries/ }).click();
          await page.locator("select[name=state]").selectOption("dead");
          await page.waitForURL(/state=dead/);
          assertEquals(await page.locator("tbody tr[data-delivery]").count(), 2);
          await page.getByRole("link", { name: "aave" }).waitFor();
          await page.locator("tr", { hasText: "aave" }).getByRole("link", { name: /^Delivery/ }).locator(
            ".badge",
          ).click();
          await page.getByText("example.com answered 503").first().waitFor();
          let release = () => {};
          const held = new Promise<void>((resolve) => release = resolve);
          served.room.setRun(async () => await held);
          await page.getByRole("button", { name: "Retry now" }).click();
          await page.getByText("It is tried again now.").waitFor();
          release();
          await page.locator("[data-watch] .badge.good").first().waitFor();
          assertEquals(await page.locator("[data-watch] tbody tr").count(), 2);
        });
        await served.stop();
      });

      await t.step(
        "a page that is left open says how the relay is, and when it is not connected",
        async () => {
          const served = await serve({ routes: ROUTES });
          let again: Served | undefined;
          await withPage(served, async (page) => {
            const lamp = page.locator("[data-lamp]");
            await page.goto("/deliveries");
            assertEquals(await lamp.textContent(), "All is well");
            await served.stop(true);
            await page.locator("[data-lamp].warning").waitFor();
            assertEquals(await lamp.textContent(), "Not connected");
            const size = page.viewportSize()!;
            await page.setViewportSize({ width: 360, height: 740 });
            assert(await lamp.isVisible(), "it is seen on a phone");
            const { y, height } = (await lamp.boundingBox())!;
            assertEquals(Math.round(y + height), 740);
            await page.setViewportSize(size);
            again = await serve({ routes: ROUTES, folder: served.room.folder }, served.port);
            again.room.off.add("all");
            await page.locator("[data-lamp]", { hasText: "Worth a look" }).waitFor();
          });
          await again!.stop();
        },
      );

      await t.step("a discarded dead letter stays discarded when the stream begins", async () => {
        const served = await full();
        const [dead] = await served.room.store.deliveries({ states: ["dead"] }, { limit: 1 });
        await served.room.store.discard({ ids: [dead!.id] }, Date.now());
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.locator("[data-connection].good").waitFor();
          await served.room.deliver({ id: "later", body: coinBody("later", []) });
          await rows(page).filter({ hasText: "later" }).first().waitFor(); // the stream tells of what was there before
          const badge = page.locator(`[data-delivery="${dead!.id}"]`).first();
          assertEquals(await badge.getAttribute("title"), "discarded");
          assertEquals(await badge.locator(".vh").textContent(), "discarded");
        });
        await served.stop();
      });

      await t.step("what a reader has chosen outlasts a look at what has moved on", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          const { seq } = (await served.room.store.event({ source: "cryptosync", id: "link" }))!;
          await page.goto(`/events/seq:${seq}`);
          await page.locator("[data-watch] select").selectOption("links");
          const link = page.locator("[data-watch] h3 a").first();
          await link.focus();
          served.room.setRun(() => {});
          const [dead] = await served.room.store.deliveries({ events: [seq], states: ["dead"] }, {
            limit: 1,
          });
          await served.room.store.retry({ ids: [dead!.id] }, Date.now());
          await page.locator(`[data-delivery="${dead!.id}"] > .row > .badge.good`).waitFor();
          assertEquals(await page.locator("[data-watch] select").inputValue(), "links");
          assertEquals(await page.locator("[data-watch] h3 a:focus").count(), 1);
        });
        await served.stop();
      });

      await t.step("a sample is loaded for the source that was chosen", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/test");
          await page.locator("select[name=source]").selectOption("second");
          await page.locator("select[name=sample]").selectOption("renamed");
          await page.waitForURL(/sample=renamed/);
          assertEquals(await page.locator("select[name=source]").inputValue(), "second");
        });
        await served.stop();
      });

      await t.step("a name without spaces, however long, fits the page of its coin", async () => {
        const served = await full();
        const long = "x".repeat(3000);
        served.room.setRun(() => ({ outcome: "permanent", error: long }));
        await served.room.deliver({
          id: "long",
          body: coinBody("long", [update(`links.${long}`, "a", long), joined(long)], long),
        });
        await served.room.deliver({ id: long.slice(0, 80), secret: "whsec_wrong" });
        const dead = { states: ["dead" as const], coin: "long" };
        await until(
          "both are dead",
          async () => (await served.room.store.deliveries(dead, { limit: 3 })).length === 2,
        );
        await withPage(served, async (page) => {
          for (const path of ["/coins/long", `/coins/${long}`, "/sources"]) {
            await page.goto(path);
            await assertFits(page, path.slice(0, 20));
          }
          await page.goto("/deliveries?state=dead&coin=long");
          const cells = page.locator("td.small");
          await cells.first().waitFor();
          const widths = await cells.evaluateAll((all) =>
            all.map((cell) => cell.getBoundingClientRect().width)
          );
          assert(widths.every((width) => width < 390), `${widths}`);
        }, { viewport: { width: 390, height: 800 } });
        await served.stop();
      });

      await t.step(
        "the names that a config gives and what its plugins remember, however long, fit every page",
        async () => {
          for (
            const long of ["a-long-name-".repeat(12) + "z".repeat(60), "a-long-name-".repeat(7) + "and-on"]
          ) {
            const served = await full({
              sources: [{}, { name: long, path: `/${long}`, secrets: ["whsec_of_the_long"] }],
              routes: [...ROUTES, { name: long, plugin: "log", fields: ["links.*"] }],
              run: () => ({ kv: [{ key: long, value: long }] }),
            });
            const [event] = await served.room.store.events({ coin: "aave" }, { limit: 1 });
            for (const width of [360, 1280]) {
              await withPage(served, async (page) => {
                for (
                  const path of [
                    "/",
                    `/?route=${long}`,
                    "/coins/aave",
                    `/events/seq:${event!.seq}`,
                    "/deliveries",
                    "/sources",
                    "/plugins",
                    "/test",
                  ]
                ) {
                  await page.goto(path);
                  await page.locator("details").evaluateAll((all) =>
                    all.forEach((one) => one.setAttribute("open", ""))
                  );
                  await assertFits(page, `${path.slice(0, 20)} at ${width}`);
                  const squeezed = await page.locator("h1, h2, h3").evaluateAll((all) =>
                    all.filter(({ clientHeight, textContent }) =>
                      clientHeight > 60 && textContent!.length < 40
                    )
                      .map(({ textContent }) => textContent)
                  );
                  assertEquals(squeezed, [], `headings of ${path.slice(0, 20)} at ${width}`);
                }
              }, { viewport: { width, height: 800 } });
            }
            await served.stop();
          }
        },
      );

      await t.step("many dead letters are retried after a preview of how many", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/deliveries?state=dead");
          served.room.setRun(() => {});
          await page.getByRole("button", { name: "Retry all 2 dead letters that match…" }).click();
          await page.getByRole("heading", { name: "Retry 2 dead letters?" }).waitFor();
          await page.getByRole("button", { name: "Retry 2" }).click();
          await page.waitForURL(/\/jobs\//);
          await page.getByText("finished").waitFor();
          await until(
            "none is dead",
            async () => (await served.room.json("/api/dead-letters")).items.length === 0,
          );
        });
        await served.stop();
      });

      await t.step(
        "an event tells its changes, attempts and raw body; it is replayed and tried dry",
        async () => {
          const served = await full();
          await withPage(served, async (page) => {
            await page.goto("/");
            await page.locator(".event", { hasText: "Homepage changed" }).first().getByRole("link", {
              name: "Open this event",
            })
              .click();
            await page.locator("ins, .value.new", { hasText: "https://b.example" }).first().waitFor();
            await page.getByText("valid", { exact: true }).waitFor();
            await page.locator("select[name=route]").selectOption("all");
            await page.getByRole("button", { name: "Try it dry" }).click();
            await page.getByText("POST https://example.com/").waitFor();
            await page.getByRole("button", { name: "Replay to it" }).click();
            await page.getByText("A new delivery was made.").waitFor();
            await until(
              "the replay is done",
              async () => await page.locator("[data-watch] > .body .badge.good").count() >= 2,
            );
            await page.getByText("As curl").click();
            await page.locator("#curl", { hasText: "--data-raw" }).waitFor();
          });
          await served.stop();
        },
      );

      await t.step("every reason for a refusal is explained", async () => {
        const served = await full();
        const { room } = served;
        const past = (seconds: number) => String(Math.floor(Date.now() / 1000) - seconds);
        await room.deliver({ id: "old", timestamp: past(4000) });
        await room.deliver({ id: "ahead", timestamp: past(-4000) });
        await room.deliver({ id: "odd", timestamp: "yesterday" });
        await room.deliver({ id: "swapped", secret: "whsec_the_second_one" });
        await room.receive(new Request("http://x/webhook", { method: "POST", body: "x" }));
        await room.receive(
          new Request("http://x/webhook", {
            method: "POST",
            body: "x".repeat(2_000_000),
            headers: { "content-length": "2000000" },
          }),
        );
        const append = room.store.append.bind(room.store);
        const { StoreUnavailable } = await import("../../lib/store/contract.ts");
        room.store.append = () => Promise.reject(new StoreUnavailable("disk full"));
        assertEquals(await room.deliver({ id: "full" }), 503);
        room.store.append = append;
        await withPage(served, async (page) => {
          await page.goto("/sources");
          for (
            const [word, cause] of [
              ["too old, rightly signed", "Rightly signed, but 67 min old"],
              ["from the future, rightly signed", "lies 67 min ahead"],
              ["unreadable timestamp", "is “yesterday”"],
              ["header missing", "None of the provider's headers is there"],
              ["body too large", "It is longer."],
              ["could not be stored", "The store could not commit"],
            ]
          ) {
            assertEquals(await page.locator("#cryptosync tbody tr", { hasText: word! }).count(), 1);
            const refusal = page.locator("#cryptosync details.refusal", { hasText: word! }).first();
            await refusal.locator("summary").click();
            await refusal.getByText(cause!).waitFor();
            await refusal.getByText("What to do").waitFor();
            assertEquals(await refusal.locator(".steps .no").count(), 1);
          }
          const swapped = page.locator("#cryptosync details.refusal", { hasText: "swapped" });
          await swapped.locator("summary").click();
          await swapped.getByText("signed with the secret of the source “second”").waitFor();
          assert(!(await page.content()).includes("whsec_the_second_one"));
        });
        await served.stop();
      });

      await t.step(
        "a route is turned off and on, a test event is sent and followed to its event",
        async () => {
          const served = await full();
          await withPage(served, async (page) => {
            await page.goto("/plugins");
            await page.locator("#route-links").getByRole("button", { name: "Turn off" }).click();
            await page.locator("#route-links .badge", { hasText: "off" }).waitFor();
            assertEquals([...served.room.off], ["links"]);
            await page.locator("#route-links").getByRole("button", { name: "Turn on" }).click();
            await page.locator("#route-links .badge", { hasText: "on" }).first().waitFor();
            await page.getByRole("link", { name: "Send a test" }).click();
            await page.locator("select[name=sample]").selectOption("contract-changed");
            await page.waitForURL(/sample=contract-changed/);
            await page.getByRole("button", { name: "Sign and send" }).click();
            await page.getByText("Answered 200: accepted").waitFor();
            await page.getByRole("link", { name: "See the event" }).click();
            await page.locator(".badge", { hasText: "test" }).waitFor();
          });
          await served.stop();
        },
      );

      await t.step(
        "signing in: refused, then let in where one was going; the read token changes nothing",
        async () => {
          const served = await full({ admin: { token: "the-whole-token", readToken: "for-reading-only" } });
          await withPage(served, async (page, { troubles }) => {
            await page.goto("/deliveries?state=dead");
            await page.waitForURL(/\/sign-in/);
            await page.getByLabel("Token").fill("wrong");
            await page.keyboard.press("Enter");
            await page.getByRole("alert").filter({ hasText: "That is not the token." }).waitFor();
            // The browser itself tells of the 401 that it was answered.
            assertEquals(troubles.splice(0).map((trouble) => /401/.test(trouble)), [true]);
            assertEquals(await accessibilityTroubles(page), []);
            await page.getByLabel("Token").fill("for-reading-only");
            await page.getByRole("button", { name: "Sign in" }).click();
            await page.waitForURL(/\/deliveries\?state=dead$/);
            await page.getByText("read only").waitFor();
            assertEquals(await page.getByRole("button", { name: /Retry|Discard/ }).count(), 0);
            await page.goto("/test");
            assert(await page.getByRole("button", { name: "Sign and send" }).isDisabled());
            await page.getByRole("button", { name: "Sign out" }).click();
            await page.waitForURL(/\/sign-in/);
            await page.getByLabel("Token").fill("the-whole-token");
            await page.keyboard.press("Enter");
            await page.locator("[data-connection].good").waitFor();
            await page.goto("/deliveries?state=dead");
            assert(await page.getByRole("button", { name: /^Retry all/ }).isVisible());
          });
          await served.stop();
        },
      );

      await t.step("everything is reached by keyboard alone", async () => {
        const served = await full();
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.keyboard.press("Tab");
          assertEquals(await page.locator(":focus").innerText(), "Skip to the content");
          await page.keyboard.press("/");
          assertEquals(await page.locator(":focus").getAttribute("name"), "q");
          await page.keyboard.type("aave");
          await page.keyboard.press("Enter");
          await page.waitForURL(/\/coins\/aave$/);
          await page.goto("/deliveries?state=dead");
          const reached = await walkByTab(page, "retry-all");
          assert(reached, "the button is reached by Tab");
          await page.keyboard.press("Enter");
          await page.getByRole("heading", { name: /^Retry 2 dead letters/ }).waitFor();
        });
        await served.stop();
      });

      await t.step(
        "every page: no trouble, nothing serious found by axe, light and dark, wide and on a phone",
        async () => {
          const served = await full({
            routes: [
              ...ROUTES,
              ...["off", "broken"].map((name) => ({ name, plugin: "log", fields: ["none"] })),
            ],
            mistakes: [{ route: "broken", path: "options", message: "must be an https URL" }],
          });
          served.room.off.add("off");
          const { items: [dead] } = await served.room.json("/api/dead-letters");
          const paths = [
            "/",
            "/?coin=evil",
            `/events/seq:${dead.event.seq}`,
            "/events/evil",
            "/coins/evil",
            "/coins/nobody",
            "/deliveries",
            `/deliveries/${dead.id}`,
            "/sources",
            "/plugins",
            "/config",
            "/test",
          ];
          for (const colorScheme of ["light", "dark"] as const) {
            await withPage(served, async (page) => {
              for (const path of paths) {
                await page.setViewportSize({ width: 1280, height: 900 });
                await page.goto(path);
                for (const details of await page.locator("details").all()) {
                  await details.evaluate((one) => one.setAttribute("open", ""));
                }
                assertEquals(await accessibilityTroubles(page), [], `${path}, ${colorScheme}`);
                await assertFits(page, path);
                await page.setViewportSize({ width: 360, height: 740 });
                await assertFits(page, `${path} on a phone`);
              }
              for (const path of ["/", "/config", "/test"]) {
                await page.goto(path);
                const here = await page.locator("nav [aria-current]").boundingBox();
                assert(here!.x >= 0 && here!.x + here!.width < 361, `${path} is seen to be here on a phone`);
              }
              await page.goto("/deliveries");
              for (const name of ["Waiting", "Dead letters"]) {
                const head = await page.getByRole("columnheader", { name, exact: true }).boundingBox();
                assert(head!.x + head!.width < 361, `${name} is seen on a phone`);
              }
              const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
              assertEquals(background === "rgb(14, 17, 22)", colorScheme === "dark");
            }, { colorScheme });
          }
          await withPage(served, async (page) => {
            await page.goto("/");
            assertEquals(await accessibilityTroubles(page), [], "on a phone");
          }, { viewport: { width: 360, height: 740 }, colorScheme: "light" });
          await served.stop();
        },
      );

      await t.step("an empty relay says what to do next", async () => {
        const served = await serve();
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.getByText("Waiting for the first event").waitFor();
          assertEquals(await accessibilityTroubles(page), []);
          await page.getByRole("main").getByRole("link", { name: "Send a test event" }).click();
          await page.getByRole("button", { name: "Sign and send" }).click();
          await page.getByText("Answered 200: accepted").waitFor();
        });
        await served.stop();
      });

      await t.step("the reader's theme is kept", async () => {
        const served = await serve();
        await withPage(served, async (page) => {
          await page.goto("/");
          await page.getByRole("button", { name: "Theme: system" }).click();
          await page.getByRole("button", { name: "Theme: light" }).click();
          await page.goto("/sources");
          assertEquals(await page.locator("html").getAttribute("data-theme"), "dark");
        });
        await served.stop();
      });
    } finally {
      await browser.close();
    }
  },
});

/** Presses Tab until a button of this value has the focus. */
async function walkByTab(page: Page, value: string): Promise<boolean> {
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    if (await page.locator(":focus").getAttribute("value").catch(() => null) === value) return true;
  }
  return false;
}
