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
  ignore: !canMountExt4,
  async fn() {
    await using volume = await mountVolume("ext4", 96); // the log may grow large before it is folded in
    await using at = await startStoringRelay(volume.path);
    const relay = at.relay;
    const promised: string[] = [];
    for (let cut = 0; cut < 4; cut++) {
      let sending = true;
      const senders = Array.from({ length: 8 }, async () => {
        while (sending) await at.send().catch(() => null); // the last of each may get no answer
      });
      const before = at.accepted.length;
      await until("some are accepted", () => at.accepted.length >= before + 40);
      // What is answered from here on is not counted, now or later: a sync that is under way at the very moment is told
      // by the kernel that it succeeded. A machine without power would tell nobody.
      promised.push(...at.accepted.slice(before));
      await volume.cutOff();
      sending = false;
      await relay().kill();
      await Promise.all(senders);
      await volume.mountAnew();
      await at.startAgain();
      const stored = new Set(await at.stored());
      assertEquals(promised.filter((id) => !stored.has(id)), []);
    }
    await at.sendUntilAccepted();
    assertEquals(await relay().stop(), 0);
  },
});
