import { assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { basename, join } from "@std/path";
import { inspectConfig, loadConfig } from "../../lib/config/load.ts";
import { ConfigError } from "../../lib/config/mistake.ts";
import { MASK, maskText } from "../../lib/config/mask.ts";
import { maskSecrets, secretValues } from "../../lib/config/secrets.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";
import { inFolder } from "./folder.ts";

const SOURCES = [{ name: "cryptosync", secrets: ["${SECRET}"] }];

Deno.test("loadConfig() fills in every default", () =>
  inFolder({ "config.json": { sources: SOURCES } }, (folder) => {
    assertEquals(loadConfig(join(folder, "config.json"), { SECRET: "whsec_1" }), {
      server: { hostname: "0.0.0.0", port: 8080, maxBodyBytes: 1048576, bodyTimeoutSeconds: 10 },
      admin: { hostname: "127.0.0.1", port: 8081 },
      store: "sqlite:./data/relay.db",
      pluginsDir: "./plugins",
      sources: [{ name: "cryptosync", path: "/webhook", secrets: ["whsec_1"], maxAgeSeconds: 300 }],
      retry: { maxAttempts: 10, minDelaySeconds: 2, maxDelaySeconds: 3600 },
      retention: { days: 30 },
      routes: [],
    });
  }));

Deno.test("loadConfig() takes .env only for what the environment lacks, and reads numbers and booleans out of it", () =>
  inFolder({
    "config.json": {
      server: { port: "${PORT}" },
      sources: SOURCES,
      routes: [{
        name: "a",
        plugin: "log",
        disabled: "${OFF}",
        options: { number: "${PORT}", mixed: "a ${PORT} ${{b}} $PORT", nested: "${NESTED}" },
      }],
    },
    ".env": "SECRET=from-dotenv\nPORT=1\nOFF=false\n",
  }, (folder) => {
    const config = loadConfig(join(folder, "config.json"), { PORT: "9090", NESTED: "${SECRET}" });
    assertEquals(config.server.port, 9090);
    assertEquals(config.sources[0]?.secrets, ["from-dotenv"]);
    assertEquals(config.routes[0]?.disabled, false);
    assertEquals(config.routes[0]?.options, {
      number: "9090",
      mixed: "a 9090 ${{b}} $PORT",
      nested: "${SECRET}",
    });
  }));

Deno.test("a route's retry says only what the route says; the rest is left to the global retry", () =>
  inFolder({
    "config.json": {
      sources: SOURCES,
      retry: { minDelaySeconds: 60 },
      routes: [{ name: "a", plugin: "log", retry: { maxAttempts: 3 } }],
    },
  }, (folder) => {
    const config = loadConfig(join(folder, "config.json"), { SECRET: "whsec_1" });
    assertEquals(config.routes[0]?.retry, { maxAttempts: 3 });
    assertEquals(resolveRoutes(config, [])[0]?.retry, {
      maxAttempts: 3,
      minDelayMs: 60_000,
      maxDelayMs: 3_600_000,
    });
  }));

Deno.test("loadConfig() says of a file that is not there how to make one", () => {
  const error = assertThrows(() => loadConfig("/nowhere/config.json", {}), ConfigError);
  assertEquals(error.file, "/nowhere/config.json");
  assertStringIncludes(error.message, "config.json: does not exist in /nowhere\n    `deno task start`");
});

Deno.test("loadConfig() says of what is no text which file to name", () =>
  inFolder({ "config.json": "{}" }, async (folder) => {
    const told = (file: string) => assertThrows(() => loadConfig(file, {}), ConfigError).message;
    const other = join(folder, "other");
    const folderName = basename(folder);
    assertEquals(
      told(folder),
      `${folderName}: is a folder\n    name the file in it: ${join(folder, "config.json")}`,
    );
    assertEquals(told(join(folder, "plugins")), "plugins: is a folder\n    a file belongs there");
    const bytes = {
      program: [0x7f, 0x45, 0x4c, 0x46, 2, 1],
      picture: [0x89, 0x50, 0x4e, 0x47],
      utf16: [0xff, 0xfe, 0x7b, 0],
    };
    for (const [what, content] of Object.entries(bytes)) {
      await Deno.writeFile(other, Uint8Array.from(content));
      assertEquals(
        told(other),
        "other: is no text in UTF-8\n    name another file; if it is the right one, save it as UTF-8",
        what,
      );
    }
    await Deno.writeFile(other, Uint8Array.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d])); // é in Latin-1: read as before
    assertStringIncludes(told(other), "sources: is missing");
    await Deno.mkdir(join(folder, ".env"));
    assertEquals(
      told(join(folder, "config.json")),
      "config.json: .env beside it is a folder\n    a file belongs there",
    );
  }));

Deno.test("loadConfig() takes a byte order mark, in config.json and in .env", () =>
  inFolder({
    "config.json": `\ufeff${JSON.stringify({ sources: SOURCES })}`,
    ".env": "\ufeffSECRET=whsec_1\n",
  }, (folder) => {
    assertEquals(loadConfig(join(folder, "config.json"), {}).sources[0]?.secrets, ["whsec_1"]);
  }));

Deno.test("values in .env stand for themselves, whatever signs they hold", () =>
  inFolder({
    "config.json": {
      sources: [{ name: "a", secrets: ["${A}", "${B}", "${C}", "${D}", "${E}", "${F}"] }],
    },
    ".env": [
      "A=pa$$word$5\\n$A\"'x",
      "B='$A # no comment'",
      'C="$A\\n2"',
      "  export D = $A-${B:-x}  # a comment",
      'E="two',
      'X=$A lines"',
      "F=a=b",
    ].join("\n"),
  }, (folder) => {
    const config = loadConfig(join(folder, "config.json"), {});
    assertEquals(config.sources[0]?.secrets, [
      "pa$$word$5\\n$A\"'x",
      "$A # no comment",
      "$A\n2",
      "$A-${B:-x}",
      "two\nX=$A lines",
      "a=b",
    ]);
  }));

Deno.test("a key called __proto__ is an unknown key like any other", () =>
  inFolder({ "config.json": '{ "__proto__": { "sources": [] }, "sources": [] }' }, (folder) => {
    const error = assertThrows(() => loadConfig(join(folder, "config.json"), {}), ConfigError);
    assertEquals(error.mistakes.map(({ path }) => path), ["__proto__", "sources"]);
  }));

Deno.test("what must not be shown is known of a config with mistakes, too", () =>
  inFolder({
    "config.json": {
      sources: SOURCES,
      routes: [{ name: "a", plugin: "b", options: { channel: "${CHANNEL}" } }],
    },
  }, (folder) => {
    const { config, secrets } = inspectConfig(join(folder, "config.json"), { CHANNEL: "of-the-environment" });
    assertEquals([config, secrets.includes("of-the-environment")], [null, true]); // SECRET is not set
  }));

Deno.test("no secret is left in a masked config, wherever it stands", () =>
  inFolder({
    "config.json": {
      admin: { token: "literal-token" },
      store: "postgres://relay:pass%2Fword@db.example/relay",
      sources: SOURCES,
      routes: [{
        name: "a",
        plugin: "http",
        options: {
          url: "https://x.example/?key=${API}",
          headers: {
            Authorization: "Bearer literal-bearer",
            "X-Api-Key": "literal-key-1",
            "api-key": "literal-key-2",
            Cookie: "sid=literal-cookie",
          },
          smtpPass: "pw-1",
          pass: "pw-2",
          signingKey: "literal-key-3",
          apiKey2: "literal-key-8",
          signingKey2: "literal-key-9",
          private_key: "literal-key-4",
          ACCESSKEY: "literal-key-5",
          key: "literal-key-6",
          auth: { basic: "literal-key-7" },
          sortKey: "id",
          smtp: "smtp://user:mail-word@x.example",
          port: "${PORT}",
          message: "hello",
        },
      }],
    },
  }, (folder) => {
    const config = loadConfig(join(folder, "config.json"), {
      SECRET: "whsec_short",
      API: "api-key-of-mine",
      PORT: "8080",
    });
    const secrets = secretValues(config);
    const shown = JSON.stringify(maskSecrets(config));
    for (
      const secret of [
        "literal-token",
        "pass%2Fword",
        "whsec_short",
        "api-key-of-mine",
        "literal-bearer",
        "mail-word",
        ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `literal-key-${n}`),
        "sid=literal-cookie",
        "pw-1",
        "pw-2",
      ]
    ) {
      assertFalse(shown.includes(secret), secret);
      assertEquals(maskText(`it said ${secret}!`, secrets), `it said ${MASK}!`);
    }
    assertEquals(maskText("pass/word", secrets), MASK);
    assertStringIncludes(shown, '"port":"8080"');
    assertStringIncludes(shown, '"message":"hello"');
    assertStringIncludes(shown, '"sortKey":"id"');
    assertEquals(config.admin.token, "literal-token");
  }));
