import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { openTrace } from "../../lib/trace.ts";
import { makeFolder, start, writeConfig } from "../launch/launched.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";
import { type ReceivedSpan, startCollector } from "./collector.ts";

const SECRET = "whsec_of_the_launched_relay";
const PASSWORD = "a-password-of-the-receiver";

type Launched = ReturnType<typeof start>;

/** A launched relay's folder in which `.env` asks for traces. */
async function tracedFolder(
  collector: ReturnType<typeof startCollector>,
  plugins: Record<string, string>,
  config: Record<string, unknown> = {},
) {
  const folder = await makeFolder(config);
  for (const [name, text] of Object.entries(plugins)) {
    await Deno.writeTextFile(join(folder, "plugins", `${name}.ts`), text);
  }
  const dotenv = Object.entries(collector.environment).map(([name, value]) => `${name}=${value}\n`);
  await Deno.writeTextFile(join(folder, ".env"), dotenv.join(""));
  return folder;
}

async function send(relay: Launched, id: string, change: Partial<Parameters<typeof signedRequest>[0]> = {}) {
  const body = JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: { id: "aave", changes: [{ field: "name", change_type: "update", new_value: "x" }] },
  });
  const url = `${await relay.url()}/webhook`;
  const response = await fetch(url, signedRequest({ secret: SECRET, id, body, ...change }));
  await response.body?.cancel();
  return response.status;
}

const ofEvent = (id: string, name: string) => (span: ReceivedSpan) =>
  span.attributes["coinrelay.event.id"] === id && span.name === name;

Deno.test("one trace follows an event from its request to the attempt, through the launcher", async () => {
  await using collector = startCollector();
  const folder = await tracedFolder(collector, {});
  try {
    await using relay = start(join(folder, "config.json"));
    assertEquals(await send(relay, "e-1"), 200);
    const [delivery] = await collector.find("the delivery's span", ofEvent("e-1", "delivery greet"));
    const trace = collector.spans().filter(({ traceId }) => traceId === delivery!.traceId);
    const [request, append, attempt] = ["POST", "append", "attempt greet"].map((name) =>
      trace.find((span) => span.name === name)!
    );
    assertEquals(trace.length, 4);
    assertEquals(
      [request, append, delivery, attempt].map((span) => span!.parentSpanId),
      ["", request!.spanId, append!.spanId, delivery!.spanId],
    );
    assertEquals([request!.service, attempt!.service], ["coinrelay", "coinrelay"]);
    assert(request!.startedAt <= append!.startedAt && append!.startedAt <= delivery!.startedAt);
    assert(attempt!.endedAt <= delivery!.endedAt);
    assertEquals(request!.attributes["coinrelay.result"], "accepted");
    assertEquals(append!.attributes["coinrelay.source"], "cryptosync");
    assertEquals(append!.attributes["coinrelay.event.type"], "cg.coin.info.updated");
    assertEquals(delivery!.attributes["coinrelay.route"], "greet");
    assertEquals(delivery!.attributes["coinrelay.state"], "done");
    assertEquals(attempt!.attributes["coinrelay.outcome"], "done");

    assertEquals(await send(relay, "e-2", { secret: "whsec_wrong" }), 401);
    const [told] = await collector.find(
      "the refusal",
      ({ attributes }) => attributes["coinrelay.reason"] === "bad_signature",
    );
    assert(!collector.spans().some(({ traceId, name }) => traceId === told!.traceId && name === "append"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a failure shows on its spans without its secrets; what it sets off is in the same trace", async () => {
  await using collector = startCollector();
  const folder = await tracedFolder(collector, {
    greet: `export default { run() { throw new Error("refused ${PASSWORD}"); } };`,
    mourn: "export default { run({ data }) { console.log('mourns', data.route); } };",
  });
  await writeConfig(folder, {
    retry: { maxAttempts: 1 },
    routes: [
      { name: "out", plugin: "greet", events: ["cg.*"], options: { password: PASSWORD } },
      { name: "dead", plugin: "mourn", events: ["relay.delivery.dead"] },
    ],
  });
  try {
    await using relay = start(join(folder, "config.json"));
    await send(relay, "e-1");
    const [mourning] = await collector.find("the death is told", ({ name }) => name === "delivery dead");
    const [failed] = await collector.find("the delivery", ofEvent("e-1", "delivery out"));
    const [attempt] = await collector.find("the attempt", ({ name }) => name === "attempt greet");
    assertEquals([failed!.status.code, attempt!.status.code], [2, 2]);
    assertEquals(attempt!.status.message, "refused ••• (greet.ts:1)");
    assertEquals(failed!.attributes["coinrelay.state"], "dead");
    assertEquals([mourning!.traceId, mourning!.parentSpanId], [failed!.traceId, failed!.spanId]);
    await relay.find(/mourns out/);
    const line = await until(
      "the log tells of the dead letter",
      () => collector.logs().find(({ text }) => text.includes("dead letter")),
    );
    assertEquals([line.traceId, line.spanId], [failed!.traceId, failed!.spanId]);
    assert(!collector.requests.some(({ text }) => text.includes(PASSWORD)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("after a restart an event goes on in the trace that its request's points to", async () => {
  await using collector = startCollector();
  const folder = await tracedFolder(collector, {
    greet: `
      import { RetryLater } from "coinrelay/plugin";
      export default {
        fields: ["name"],
        run(_, { attempt }) {
          if (attempt === 1) throw new RetryLater(1);
        },
      };`,
  });
  try {
    {
      await using relay = start(join(folder, "config.json"));
      await send(relay, "e-1");
      await relay.find(/again in/);
    }
    const [append] = await collector.find("the request's trace", ofEvent("e-1", "append"));
    await using _again = start(join(folder, "config.json"));
    const [, second] = await collector.find("both tries", ofEvent("e-1", "delivery greet"), 2);
    const [link] = append!.links;
    assertEquals([second!.traceId, second!.parentSpanId], [link!.traceId, link!.spanId]);
    const [attempt] = await collector.find(
      "the attempt",
      ({ parentSpanId }) => parentSpanId === second!.spanId,
    );
    assertEquals([attempt!.traceId, attempt!.attributes["coinrelay.outcome"]], [link!.traceId, "done"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("without OTEL_DENO nothing stands in the way", async () => {
  for (const environment of [{}, { OTEL_DENO: "false" }]) {
    const trace = await openTrace(environment, (text) => text);
    const append = () => Promise.reject(new Error("not called"));
    assertEquals(trace.append(append), append);
    const runner = { run: () => Promise.resolve(null), readyAt: () => 0 };
    assertEquals(trace.runner(runner), runner);
  }
});
