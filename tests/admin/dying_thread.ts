/** The dashboard's thread, which fails at `/die` and hangs at `/wait`. */
import "../../lib/admin/thread/main.ts";

type OnMessage = (event: MessageEvent<{ asked?: { what: string; takes: { url: string }[] } }>) => void;

const scope = self as unknown as { onmessage: OnMessage };
const real = scope.onmessage;
scope.onmessage = (event) => {
  const { what, takes } = event.data.asked ?? {};
  const url = what === "handle" ? takes![0]!.url : "";
  if (url.endsWith("/die")) {
    setTimeout(() => {
      throw new Error("it died");
    });
  } else if (!url.endsWith("/wait")) real(event);
};
