/** Signing in and out. @module */
import { deleteCookie, setCookie } from "hono/cookie";
import { makeSession, SESSION_COOKIE, SESSION_SECONDS } from "../guard/session.ts";
import { render } from "../pages/layout.tsx";
import { SignIn } from "../pages/sign_in.tsx";
import { Refused } from "../problem.ts";
import { answer, type Ctx, formOf, ownPath, type Site } from "./site.tsx";

/** Adds the handlers. */
export function addSession({ app, desk: { parts }, guard }: Site): void {
  app.get("/sign-in", (c) => {
    if (!guard.needsToken()) return c.redirect("/");
    return answer(c, <SignIn next={ownPath(c.req.query("next") ?? "") ?? "/"} />);
  });

  app.post("/sign-in", async (c) => {
    const form = await formOf(c);
    const next = ownPath(String(form.get("next") ?? "")) ?? "/";
    try {
      const role = guard.signIn(c, String(form.get("token") ?? ""));
      setCookie(c, SESSION_COOKIE, makeSession(role, parts.config().admin, parts.now()), {
        path: "/",
        httpOnly: true,
        sameSite: "Strict",
        secure: isHttps(c),
        maxAge: SESSION_SECONDS,
      });
      return c.redirect(next, 303);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return c.html(render(<SignIn next={next} problem={error.detail} />), error.status, {
        ...error.headers,
      });
    }
  });

  app.post("/sign-out", (c) => {
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
    return c.redirect("/sign-in", 303);
  });
}

/** Whether the reader came by TLS, here or at a proxy before the relay. */
function isHttps(c: Ctx): boolean {
  return new URL(c.req.url).protocol === "https:" || c.req.header("x-forwarded-proto") === "https";
}
