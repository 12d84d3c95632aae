import { assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../support/until.ts";
import { canMount, canMountExt4, mountVolume } from "./volume.ts";
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
  name:
    "a power cut at any moment: what was answered 200 is there afterwards, for what is not synced is gone",
  // Fails now and then, and it is not known yet whether the relay or this way of cutting is at fault: run it by hand.
  ignore: !canMountExt4 || !Deno.env.has("COINRELAY_POWER_CUT"),
  async fn() {
    await using volume = await mountVolume("ext4", 16);
    await using at = await startStoringRelay(volume.path);
    const relay = at.relay;
    for (let cut = 0; cut < 4; cut++) {
      let sending = true;
      const senders = Array.from({ length: 8 }, async () => {
        while (sending) await at.send().catch(() => null); // the last of each may get no answer
      });
      const enough = at.accepted.length + 40;
      await until("some are accepted", () => at.accepted.length >= enough);
      // A sync that is under way in the very moment may be told that it succeeded: the kernel ends it either way. What
      // was answered before is what counts.
      const promised = [...at.accepted];
      await volume.cutOff();
      sending = false;
      await relay().kill();
      await Promise.all(senders);
      await volume.mountAnew();
      await at.startAgain();
      const stored = await at.stored();
      assertEquals(promised.filter((id) => !stored.includes(id)), []);
    }
    await at.sendUntilAccepted();
    assertEquals(await relay().stop(), 0);
  },
});
