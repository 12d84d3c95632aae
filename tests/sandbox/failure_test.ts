/** What a plugin threw is told in a line that helps its author. */
import { assertEquals } from "@std/assert";
import { RetryLater } from "coinrelay/plugin";
import { describeFailure, endingOf, refusalOf } from "../../lib/sandbox/inside/failure.ts";

const FOLDER = "file:///r/my%20plugins/";

/** An error with a stack that names this place. */
function thrownAt(place: string, message = "oh dear"): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at run (${place})\n    at file:///r/lib/x.ts:1:1`;
  return error;
}

Deno.test("the first place in the plugins folder is told, by its name on the disk", () => {
  assertEquals(describeFailure(thrownAt(`${FOLDER}new%20links.ts:3:7`), FOLDER), {
    text: "oh dear",
    file: "new links.ts",
    line: 3,
  });
  assertEquals(describeFailure(thrownAt("file:///elsewhere/x.ts:3:7"), FOLDER).file, null);
});

Deno.test("nobody is told to run a plugin with other flags of Deno", () => {
  const message = 'Requires net access to "x.example:443", run again with the --allow-net flag';
  assertEquals(
    describeFailure(thrownAt("x", message), FOLDER).text,
    'Requires net access to "x.example:443", which its route does not grant',
  );
});

Deno.test("a refused access is found where another error came of it, but not for ever", () => {
  let error = new Error('Requires net access to "x.example:443"');
  for (let i = 0; i < 3; i++) error = new Error("failed", { cause: error });
  assertEquals(refusalOf(error), { kind: "net", target: "x.example:443" });
  const round = new Error("failed");
  round.cause = round;
  assertEquals(refusalOf(round), null);
});

Deno.test("a wait that is none is not asked for", () => {
  const seconds = [7, 0, -7, NaN, Infinity].map((wait) =>
    endingOf(new RetryLater(wait), FOLDER).retryAfterSeconds
  );
  assertEquals(seconds, [7, 0, null, null, null]);
});

Deno.test("the author of a wait that is none is told so, and where", () => {
  const ending = (seconds: unknown, message?: string) => {
    const error = new RetryLater(seconds as number, message);
    error.stack = `RetryLater: ${error.message}\n    at run (${FOLDER}busy.ts:3:7)`;
    const { outcome, error: told } = endingOf(error, FOLDER);
    assertEquals(outcome, "retry");
    return told;
  };
  const takes = (given: string) =>
    `RetryLater takes the seconds to wait, a number from 0 on, not ${given}: so it counts as any other error (busy.ts:3)`;
  assertEquals(ending("soon", "the receiver is busy"), `the receiver is busy; ${takes('"soon"')}`);
  for (
    const [seconds, given] of [[NaN, "NaN"], [-7, "-7"], [Infinity, "Infinity"], [undefined, "undefined"]]
  ) {
    assertEquals(ending(seconds), `asked to be tried again in ${seconds} s; ${takes(`${given}`)}`);
  }
  assertEquals(ending({ at: { noon: true } }, "x"), `x; ${takes("{ at: [Object] }")}`);
  assertEquals(ending(7), "asked to be tried again in 7 s (busy.ts:3)");
});

Deno.test("what cannot be described is told as such", () => {
  const hostile = Object.defineProperty(new Error("x"), "message", {
    get() {
      throw new Error("no");
    },
  });
  assertEquals(describeFailure(hostile, FOLDER).text, "threw something that cannot be described");
  assertEquals(endingOf(hostile, FOLDER).outcome, "retry");
});
