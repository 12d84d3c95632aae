import { assertEquals, assertStringIncludes } from "@std/assert";
import { createRandom } from "../support/random.ts";
import { until } from "../support/until.ts";
import { canMount, canMountExt4, mountVolume, type Volume } from "./volume.ts";
import { startStoringRelay } from "./storing_relay.ts";

Deno.test({
  name: "a full disk: 503 with Retry-After, nothing half-written, and all goes on when there is room",
  ignore: !canMount,
  async fn() {
    await using volume = await mountVolume("tmpfs", 4);
    await using at = await startStoringRelay(volume.path);
    for (let i = 0; i < 5; i++) await at.send();
    await volume.fill();
    await at.sendUntilRefused();
    for (let i = 0; i < 10; i++) await at.send();
    assertEquals(await at.ready(), 503);
    await volume.free();
    await at.sendUntilAccepted();
    assertEquals(await at.ready(), 200);
    await at.assertKept();
    assertEquals(await at.relay().stop(), 0);
  },
});

Deno.test({
  name: "a relay that is killed on a full disk has kept what it accepted",
  ignore: !canMount,
  async fn() {
    await using volume = await mountVolume("tmpfs", 4);
    await using at = await startStoringRelay(volume.path);
    await at.send();
    await volume.fill();
    await at.sendUntilRefused();
    await at.relay().kill();
    await volume.free();
    await at.startAgain();
    await at.sendUntilAccepted();
    await at.assertKept({ repeats: true });
  },
});

Deno.test({
  name: "a disk that the kernel made read-only: 503, and all goes on when it is mounted anew",
  ignore: !canMountExt4,
  async fn() {
    await using volume = await mountVolume("ext4", 16);
    await using at = await startStoringRelay(volume.path);
    await at.send();
    await at.receiver.arrived(1);
    await volume.makeReadOnly();
    await at.sendUntilRefused();
    await volume.mountAnew();
    await at.sendUntilAccepted();
    await at.assertKept({ repeats: true });
  },
});

Deno.test({
  name: "a disk that fails every access: 503, and all goes on when it is mounted anew",
  ignore: !canMountExt4,
  async fn() {
    await using volume = await mountVolume("ext4", 16);
    await using at = await startStoringRelay(volume.path);
    await at.send();
    await at.receiver.arrived(1);
    await volume.cutOff();
    await at.sendUntilRefused();
    assertStringIncludes(at.relay().said.join("\n"), "disk");
    await volume.mountAnew();
    await at.sendUntilAccepted();
    await at.assertKept({ repeats: true });
  },
});

Deno.test({
  name: "a disk that fails a sync and then works again: what was answered 200 outlives a power cut",
  ignore: !canMountExt4,
  async fn() {
    await using volume = await mountVolume("thin", 24);
    await using at = await startStoringRelay(volume.path, { bodyBytes: 20_000 });
    await at.send();
    await at.receiver.arrived(1);
    let sending = true, refused = 0;
    const send = async () => {
      const answer = await at.send().catch(() => null);
      if (answer !== null && answer.status !== 200) refused++;
    };
    const senders = Array.from({ length: 8 }, async () => {
      while (sending) await send();
    });
    await volume.fill();
    await until("many are refused", () => refused >= 8);
    await volume.free();
    const before = at.accepted.length;
    await until("they are taken again", () => at.accepted.length >= before + 40);
    await cutPower(volume, at, [...at.accepted], async () => {
      sending = false;
      await Promise.all(senders);
    });
    await at.sendUntilAccepted();
    assertEquals(await at.relay().stop(), 0);
  },
});

/** Cuts the power, has the relay start on what is left, and sees that all that was promised is there. */
async function cutPower(
  volume: Volume,
  at: Awaited<ReturnType<typeof startStoringRelay>>,
  promised: readonly string[],
  stopSending: () => Promise<void>,
) {
  await volume.cutOff();
  const stopped = stopSending();
  await at.relay().kill();
  await stopped;
  await volume.mountAnew();
  await at.startAgain();
  const stored = new Set(await at.stored());
  assertEquals(promised.filter((id) => !stored.has(id)), []);
}

/** Cuts the power again and again, each time once `accepted()` more events were; sees that these are stored afterwards. */
async function cutAgainAndAgain(
  { mebibytes, bodyBytes, cuts, accepted }: {
    mebibytes: number;
    bodyBytes: number;
    cuts: number;
    accepted(): number;
  },
) {
  await using volume = await mountVolume("ext4", mebibytes);
  await using at = await startStoringRelay(volume.path, { bodyBytes });
  const promised: string[] = [];
  for (let cut = 0; cut < cuts; cut++) {
    let sending = true;
    const senders = Array.from({ length: 8 }, async () => {
      while (sending) await at.send().catch(() => null); // the last of each may get no answer
    });
    const before = at.accepted.length;
    const enough = before + accepted();
    await until("enough are accepted", () => at.accepted.length >= enough, 120_000);
    // What is answered from here on is not counted, now or later: a sync that is under way at the very moment is told
    // by the kernel that it succeeded. A machine without power would tell nobody.
    promised.push(...at.accepted.slice(before));
    await cutPower(volume, at, promised, async () => {
      sending = false;
      await Promise.all(senders);
    });
  }
  await at.sendUntilAccepted();
  assertEquals(await at.relay().stop(), 0);
}

Deno.test({
  name:
    "a power cut at any moment: what was answered 200 is there afterwards, for what is not synced is gone",
  ignore: !canMountExt4,
  fn: () => cutAgainAndAgain({ mebibytes: 96, bodyBytes: 2000, cuts: 4, accepted: () => 40 }),
});

Deno.test({
  name: "a power cut while the log is folded into the database and begun anew: all of it is there as well",
  ignore: !canMountExt4,
  fn() {
    const random = createRandom(20260724);
    // Fewer such events than this are more than the log is to hold.
    const accepted = () => 100 + random.below(200);
    return cutAgainAndAgain({ mebibytes: 200, bodyBytes: 60_000, cuts: 4, accepted });
  },
});
