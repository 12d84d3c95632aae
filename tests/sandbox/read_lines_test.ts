import { assertEquals } from "@std/assert";
import { readLines } from "../../lib/sandbox/read_lines.ts";
import { until } from "../support/until.ts";

Deno.test("a clock that is set back holds up nothing of what a process writes", async () => {
  let time = 10_000_000;
  const taken: string[] = [];
  let pipe!: ReadableByteStreamController;
  const stream = new ReadableStream({ type: "bytes", start: (controller) => void (pipe = controller) });
  const reading = readLines(stream, (line) => void taken.push(line), () => time);
  const write = async (line: string) => {
    pipe.enqueue(new TextEncoder().encode(`${line}\n`));
    await until(`${line} is read`, () => taken.includes(line));
  };
  await write("before");
  time -= 3_600_000;
  await write("after");
  await write("later");
  pipe.close();
  pipe.byobRequest?.respond(0); // what is being read ends with it
  await reading;
  assertEquals(taken, ["before", "after", "later"]);
});
