import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { CannotMake, firstStart } from "../../lib/commands/first_start.ts";
import { loadConfig } from "../../lib/config/load.ts";
import { signedRequest } from "../support/signed_request.ts";

async function inEmptyFolder(use: (folder: string, config: string) => void | Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder, join(folder, "config.json"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const mode = (file: string) => (Deno.statSync(file).mode ?? 0) & 0o777;

Deno.test("a first start makes a config that is right, with a fresh secret that only the owner reads", () =>
  inEmptyFolder((folder, file) => {
    const first = firstStart(file, {});
    const config = loadConfig(file, {});
    const [secret] = config.sources[0]!.secrets;
    assertMatch(secret!, /^whsec_[0-9a-f]{64}$/);
    assertEquals(mode(join(folder, ".env")), 0o600);
    const text = first?.(config) ?? "";
    assert(!text.includes(secret!), "the secret is not printed");
    for (
      const part of [
        "http://127.0.0.1:8081/",
        "deno task send",
        "/webhook",
        "ngrok http 8080",
        "cloudflared",
        "localtunnel",
      ]
    ) {
      assertStringIncludes(text, part);
    }
    assert(!text.includes("npx -y deno@2"));
  }));

Deno.test("two first starts make two secrets", () =>
  inEmptyFolder((_, one) =>
    inEmptyFolder((_, two) => {
      firstStart(one, {});
      firstStart(two, {});
      const secrets = [one, two].map((file) => loadConfig(file, {}).sources[0]!.secrets[0]);
      assert(secrets[0] !== secrets[1]);
    })
  ));

Deno.test("a first start through npx tells the command as it must be typed there", () =>
  inEmptyFolder((_, file) => {
    const first = firstStart(file, { npm_command: "exec" });
    assertStringIncludes(first?.(loadConfig(file, {})) ?? "", "npx -y deno@2 task send");
  }));

Deno.test("a start with a config touches nothing", () =>
  inEmptyFolder((folder, file) => {
    Deno.writeTextFileSync(file, "{}");
    assertEquals(firstStart(file, {}), null);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["config.json"]);
    assertEquals(Deno.readTextFileSync(file), "{}");
  }));

Deno.test("a first start keeps the secret that .env or the environment has", () =>
  inEmptyFolder((folder, file) => {
    Deno.writeTextFileSync(join(folder, ".env"), "CRYPTOSYNC_WEBHOOK_SECRET=mine-already\n");
    firstStart(file, {});
    assertEquals(Deno.readTextFileSync(join(folder, ".env")), "CRYPTOSYNC_WEBHOOK_SECRET=mine-already\n");
    Deno.removeSync(file);
    Deno.removeSync(join(folder, ".env"));
    firstStart(file, { CRYPTOSYNC_WEBHOOK_SECRET: "of-the-environment" });
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["config.json"]);
  }));

Deno.test("a first start keeps the other lines of .env, and fills in an empty secret", () =>
  inEmptyFolder((folder, file) => {
    const env = join(folder, ".env");
    Deno.writeTextFileSync(env, "# mine\nSLACK=1\nCRYPTOSYNC_WEBHOOK_SECRET=\nLAST=2");
    firstStart(file, {});
    assertMatch(
      Deno.readTextFileSync(env),
      /^# mine\nSLACK=1\nLAST=2\nCRYPTOSYNC_WEBHOOK_SECRET=whsec_[0-9a-f]{64}\n$/,
    );
    assertEquals(mode(env), 0o600);
    assertMatch(loadConfig(file, {}).sources[0]!.secrets[0]!, /^whsec_/);
  }));

Deno.test("a first start that cannot make what it needs says what and why, and makes nothing", () =>
  inEmptyFolder((folder, file) => {
    Deno.mkdirSync(join(folder, ".env")); // stands where the secret belongs
    assertThrows(() => firstStart(file, {}), CannotMake, `Cannot make ${join(folder, ".env")}: `);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [".env"]);
    const noFolder = join(folder, "none", "config.json");
    assertThrows(
      () => firstStart(noFolder, {}),
      CannotMake,
      `Cannot make ${noFolder}: its folder does not exist`,
    );
  }));

const answer = async (url: string, init?: RequestInit) => (await (await fetch(url, init)).json()).status;

const FIRST_STEPS = "First event     in a second terminal: deno task send";

/** Starts a relay for a person, and ends it once it listens and was used; answers what it wrote, and how it ended. */
async function startOnce(config: string, use = (url: string) => answer(`${url}/healthz`)) {
  const root = fromFileUrl(new URL("../../", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", `--import-map=${root}.imports.json`, "-A", `${root}main.ts`],
      ...["start", "--config", config, "--log", "text"],
    ],
    env: { npm_lifecycle_event: "", npm_command: "" }, // however the tests were started
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  let said = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const before = said;
    said += text;
    if (/dashboard at/.test(before) || !/dashboard at/.test(said)) continue;
    await use(/listening on (\S+)/.exec(said)![1]!);
    child.kill("SIGTERM");
  }
  return { code: (await child.status).code, said, errors: await errors };
}

Deno.test("what to do next is told at each start that a person sees, until there is a first event", () =>
  inEmptyFolder(async (folder, file) => {
    firstStart(file, {});
    const made = JSON.parse(Deno.readTextFileSync(file));
    const withPorts = (port: number, hostname = "127.0.0.1") =>
      Deno.writeTextFileSync(
        file,
        JSON.stringify({ ...made, routes: [], server: { hostname, port }, admin: { port: 0 } }),
      );
    const holder = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = holder.addr as Deno.NetAddr;
    withPorts(port);
    const failed = await startOnce(file);
    holder.close();
    assertEquals([failed.code, failed.said.includes(FIRST_STEPS)], [1, false]);
    assertStringIncludes(failed.errors, `Cannot listen at 127.0.0.1:${port}: another program has it`);

    withPorts(0, "no-such-host.invalid");
    const lost = await startOnce(file);
    assertEquals(lost.code, 1);
    assertStringIncludes(lost.errors, "Cannot listen at no-such-host.invalid:0: ");
    assertStringIncludes(lost.errors, "the hostname must be an address of this machine");

    withPorts(0);
    const secret = loadConfig(file, {}).sources[0]!.secrets[0]!;
    const second = await startOnce(file, (url) => answer(`${url}/webhook`, signedRequest({ secret })));
    assertStringIncludes(second.said, FIRST_STEPS);
    assert(!second.said.includes("error"), "a stop while plugins are looked at finds fault with none");
    assert(!(await startOnce(file)).said.includes(FIRST_STEPS));

    Deno.removeSync(join(folder, "data"), { recursive: true });
    Deno.writeTextFileSync(
      file,
      Deno.readTextFileSync(file).replace("${CRYPTOSYNC_WEBHOOK_SECRET}", "whsec_mine"),
    );
    assert(!(await startOnce(file)).said.includes(FIRST_STEPS), "a config of one's own");
  }));
