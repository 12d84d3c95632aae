/** The limit of the action: one process that does nothing but fetch, so many at a time, until it is ended. @module */
const [url = "", inFlight = "1", body = ""] = Deno.args;

await Promise.all(Array.from({ length: Number(inFlight) }, async () => {
  while (true) {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    await response.body?.cancel();
  }
}));
