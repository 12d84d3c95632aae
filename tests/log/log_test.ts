import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { configSchema } from "../../lib/config/schema.ts";
import { secretValues } from "../../lib/config/secrets.ts";
import { configureLog, logOf } from "../../lib/log.ts";

/** What is written of one line that the log is given. */
function written(format: "text" | "json", message: string, facts = {}, secrets: string[] = []): string {
  const lines: string[] = [];
  configureLog({ format, secrets, write: (line) => lines.push(line) });
  logOf("receive").info(message, facts);
  configureLog();
  assertEquals(lines.length, 1);
  return lines[0]!;
}

Deno.test("a line tells people when, which part, what, and its facts", () => {
  const line = written("text", "accepted", { event: "evt-1", reason: null, ms: 3 });
  assert(/^\d\d:\d\d:\d\d receive {2}accepted event=evt-1 ms=3$/.test(line), line);
});

Deno.test("a line for machines is one JSON object", () => {
  const { time, ...rest } = JSON.parse(written("json", "accepted", { event: "evt-1", ms: 3 }));
  assert(!Number.isNaN(Date.parse(time)));
  assertEquals(rest, { level: "info", part: "receive", message: "accepted", event: "evt-1", ms: 3 });
});

for (const format of ["text", "json"] as const) {
  Deno.test(`a secret is never written as ${format}, wherever it turns up`, () => {
    const line = written(format, "cannot reach https://x/hunter22", { url: "hunter22" }, ["hunter22"]);
    assert(!line.includes("hunter22"), line);
  });

  Deno.test(`a secret with quotes and backslashes is never written as ${format}, nor in JSON that a text holds`, () => {
    const token = 'pa"ss\\word\n123';
    const config = configSchema.parse({
      sources: [{ name: "s", secrets: ["whsec_of_a_test"] }],
      admin: { token },
    });
    const body = JSON.stringify({ token });
    const line = written(
      format,
      `it is ${token}, and as JSON ${body}`,
      {
        token,
        list: [token],
        nested: { [token]: { token } },
        body,
        told: JSON.stringify({ body }),
        held: { body },
      },
      secretValues(config),
    );
    for (const part of [/ss.{0,8}word/, /word/, /123/]) assertFalse(part.test(line), line);
    assert(line.includes("it is •••, and as JSON"), line);
    if (format === "json") assertEquals(JSON.parse(line).nested, { "•••": { token: "•••" } });
  });

  Deno.test(`a short secret leaves the log's own words as ${format} alone`, () => {
    for (const secret of ["receive", "info", "p", "time", "message", "event", "2", '"', ":"]) {
      const line = written(format, "accepted", { event: "x", ms: 3 }, [secret]);
      if (format === "json") {
        const { time, ...rest } = JSON.parse(line);
        assert(!Number.isNaN(Date.parse(time)));
        assertEquals({ ...rest, message: null }, {
          level: "info",
          part: "receive",
          message: null,
          event: "x",
          ms: 3,
        });
      } else {
        assert(/^\d\d:\d\d:\d\d receive {2}\S+ event=x ms=3$/.test(line), line);
      }
    }
  });

  Deno.test(`braces in a message are written as ${format} as they are`, () => {
    assert(written(format, "the coin {name} {{x}} {", { name: "Aave" }).includes("the coin {name} {{x}} {"));
  });
}

Deno.test("what strangers send starts no new line, moves no cursor and turns no line round", () => {
  const line = written("text", "a\nb\u001b[2Jc\u202ed", { name: "e\r\nf\u200b" });
  assert(!/[\p{Cc}\p{Cf}]/u.test(line), JSON.stringify(line));
  assert(line.includes("a ⏎ b"));
});

Deno.test("a secret that something invisible parts is not written either", () => {
  assertEquals(written("text", "hun\u200bter22", {}, ["hunter22"]).slice(9), "receive  •••");
});

Deno.test("small things are written only when they are asked for, and what matters more always", () => {
  const levels = (level?: "debug" | "warning") => {
    const lines: string[] = [];
    configureLog({ format: "json", write: (line) => lines.push(line), ...(level && { level }) });
    const log = logOf("receive");
    for (const say of [log.debug, log.info, log.warn, log.error]) say("x");
    configureLog();
    return lines.map((line) => JSON.parse(line).level);
  };
  assertEquals(levels(), ["info", "warning", "error"]);
  assertEquals(levels("debug"), ["debug", "info", "warning", "error"]);
  assertEquals(levels("warning"), ["warning", "error"]);
});

Deno.test("a tab parts words in a line for people, too", () => {
  assertEquals(written("text", "a\tb").slice(9), "receive  a b");
});

/** What a process of its own writes that logs a message. */
async function printed(settings: string, message: string): Promise<string> {
  const log = new URL("../../lib/log.ts", import.meta.url).href;
  const code =
    `import { configureLog, logOf } from "${log}"; configureLog(${settings}); logOf("a").info("${message}");`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", code] }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("where nobody looks on, the log is for machines", async () => {
  const { message, level } = JSON.parse(await printed("", "accepted"));
  assertEquals([message, level], ["accepted", "info"]);
});

Deno.test("percent signs in a message are written as they are", async () => {
  for (const format of ["text", "json"]) {
    assertStringIncludes(await printed(`{ format: "${format}" }`, "100%% %s %c %d"), "100%% %s %c %d");
  }
});

Deno.test("a line that cannot be written hinders nobody", () => {
  configureLog({
    write() {
      throw new Error("no space left on device");
    },
  });
  logOf("receive").error("cannot commit");
  configureLog();
});
