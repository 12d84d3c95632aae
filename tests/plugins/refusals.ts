/** What every plugin that posts to a URL does with an answer other than success. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Around, attempt, type Ending } from "./attempt.ts";
import type { Listening } from "./doubles/listen.ts";
import { everyChange, updated } from "./events.ts";

interface Case {
  says: string;
  plan: () => Response | "hang";
  outcome: Ending["outcome"];
  seconds?: (seconds: number | null) => boolean;
}

const inAMinute = () => new Date(Date.now() + 60_000).toUTCString();

const CASES: Case[] = [
  {
    says: "429 with Retry-After in seconds waits as long",
    plan: () => new Response("slow down", { status: 429, headers: { "retry-after": "17" } }),
    outcome: "retry",
    seconds: (seconds) => seconds === 17,
  },
  {
    says: "429 with Retry-After as a date waits until then",
    plan: () => new Response("slow down", { status: 429, headers: { "retry-after": inAMinute() } }),
    outcome: "retry",
    seconds: (seconds) => seconds !== null && seconds > 50 && seconds <= 60,
  },
  {
    says: "a wait of years is cut to a day",
    plan: () => new Response("", { status: 503, headers: { "retry-after": "999999999" } }),
    outcome: "retry",
    seconds: (seconds) => seconds === 86_400,
  },
  ...[408, 425, 429, 500, 502, 503, 504].map((status): Case => ({
    says: `${status} is retried`,
    plan: () => new Response("later", { status }),
    outcome: "retry",
    seconds: (seconds) => seconds === null,
  })),
  ...[400, 401, 403, 404, 405, 410, 413, 422].map((status): Case => ({
    says: `${status} is permanent`,
    plan: () => new Response("no", { status }),
    outcome: "permanent",
  })),
  {
    says: "a redirect is not followed, and retried",
    plan: () => new Response(null, { status: 302, headers: { location: "http://127.0.0.1:1/" } }),
    outcome: "retry",
  },
  { says: "no answer before the timeout is retried", plan: () => "hang", outcome: "retry" },
];

/**
 * Checks each refusal against a plugin. `secrets` are texts that no error may show; every refusal echoes them, and they
 * are asked for again with a server that is gone.
 */
export async function refusals(
  step: Deno.TestContext,
  plugin: unknown,
  listening: Listening,
  around: Around,
  secrets: string[],
): Promise<void> {
  const event = updated(everyChange);
  const run = async (plan: Response | "hang") => {
    listening.next.push(plan);
    const hangs = plan === "hang";
    return await attempt(plugin, event, { ...around, ...hangs && { timeoutMs: 100 } });
  };
  for (const { says, plan, outcome, seconds } of CASES) {
    await step.step(says, async () => {
      const before = listening.arrived.length;
      const ending = await run(plan());
      assertEquals(ending.outcome, outcome, ending.error);
      assert(!seconds || seconds(ending.seconds), `asked to wait ${ending.seconds} s`);
      assertEquals(listening.arrived.length, before + 1);
    });
  }
  await step.step("an error says what the receiver said, and no secret", async () => {
    const echo = `no_service ${secrets.join(" ")} ${"x".repeat(5000)}`;
    const { error } = await run(new Response(echo, { status: 404 }));
    assertStringIncludes(error, "404: no_service");
    for (const secret of secrets) assert(!error.includes(secret), error);
    assert(error.length < 600, `${error.length} characters`);
  });
}

/** Checks that an unreachable receiver is retried, and that the error holds no secret. */
export async function unreachable(
  plugin: unknown,
  around: Around,
  secrets: string[],
): Promise<void> {
  const { outcome, error } = await attempt(plugin, updated(everyChange), around);
  assertEquals(outcome, "retry");
  assertStringIncludes(error, "cannot reach it");
  for (const secret of secrets) assert(!error.includes(secret), error);
}

/** An address on loopback where nobody listens any more. */
export function deadOrigin(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return `http://127.0.0.1:${port}`;
}
