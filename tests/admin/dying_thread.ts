/** The dashboard's thread, which fails at `/die` and hangs at `/wait`. */
import "../../lib/admin/thread/main.ts";

interface Asked {
  what: string;
  takes: { url: string }[];
}
type OnMessage = (event: Pick<MessageEvent<{ asked?: Asked[] }>, "data">) => void;

const scope = self as unknown as { onmessage: OnMessage };
const real = scope.onmessage;
scope.onmessage = (event) => {
  const urlOf = ({ what, takes }: Asked) => what === "handle" ? takes[0]!.url : "";
  const { asked = [], ...others } = event.data;
  if (asked.some((one) => urlOf(one).endsWith("/die"))) {
    setTimeout(() => {
      throw new Error("it died");
    });
  }
  real({ data: { asked: asked.filter((one) => !/\/(die|wait)$/.test(urlOf(one))), ...others } });
};
