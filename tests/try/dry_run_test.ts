/** A dry run asked for on the dashboard, in a real relay. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SAMPLES } from "../../lib/samples.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder } from "../support/relay_process.ts";

const sample = (name: string) => SAMPLES.find((one) => one.name === name)!.body;

Deno.test("the dashboard shows what a route would send of a stored event, and nothing is sent", async () => {
  await using receiver = startReceiver();
  const routes = [
    {
      name: "out",
      plugin: "http",
      fields: ["links.*"],
      options: { url: `${receiver.url}/secret-path-xyzzy` },
    },
    {
      name: "mail",
      plugin: "email",
      fields: ["platforms.*"],
      options: { smtp: "smtp://me:xyzzyxyzzy@127.0.0.1:1", from: "a@a.example", to: "b@b.example" },
    },
  ];
  await using folder = await createRelayFolder({ config: { routes } });
  const relay = await folder.start();
  assertEquals(await relay.send({ id: "e", body: sample("renamed") }), "accepted");
  assertEquals(await relay.send({ id: "f", body: sample("contract-added") }), "accepted");
  const dry = async (id: string, route: string) => {
    const response = await fetch(`${relay.adminUrl}/api/events/${id}/try`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: relay.adminUrl },
      body: JSON.stringify({ route }),
    });
    assertEquals(response.status, 200);
    return await response.json();
  };
  const left = await dry("e", "out");
  assertEquals(left, {
    outcome: "failed",
    error: "the route does not take it, by its fields: takes links.*; what it has is name",
    lines: [],
  });
  const [mail, other] = await Promise.all([dry("f", "mail"), dry("e", "mail")]);
  assertEquals([mail.outcome, mail.error, mail.lines.length], ["done", null, 1]);
  assertStringIncludes(
    mail.lines[0],
    "MAIL to b@b.example through 127.0.0.1:1 (TLS, signed in)\n  From: a@a.example",
  );
  assert(!JSON.stringify(mail).includes("xyzzy"));
  assertEquals(other.outcome, "failed");
  assertEquals(await relay.stop(), 0);
  assertEquals(receiver.received.length, 0);
});
