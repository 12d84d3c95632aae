/** Signing in, and what went wrong. @module */
import { Bare, Notice } from "./layout.tsx";
import { T } from "./text.tsx";

/** The form. `next`: where to go afterwards. */
export function SignIn({ next, problem }: { next: string; problem?: string | undefined }) {
  return (
    <Bare title="Sign in">
      <section class="card">
        <header>
          <h1>coinrelay</h1>
        </header>
        <form class="body stack" method="post" action="/sign-in">
          {problem !== undefined && <Notice level="bad" role="alert">{problem}</Notice>}
          <input type="hidden" name="next" value={next} />
          <label>
            Token
            <input type="password" name="token" autocomplete="current-password" required autofocus />
          </label>
          <button class="primary">Sign in</button>
          <p class="soft small">
            The token is <code>admin.token</code> of config.json, most often <code>ADMIN_TOKEN</code> in{" "}
            <code>.env</code>; with <code>admin.readToken</code> you may look and change nothing.
          </p>
        </form>
      </section>
    </Bare>
  );
}

/** An error as a page. */
export function Problem({ title, detail }: { title: string; detail: string }) {
  return (
    <Bare title={title}>
      <section class="card">
        <header>
          <h1>{title}</h1>
        </header>
        <div class="body stack">
          <p>
            <T>{detail}</T>
          </p>
          <p>
            <a class="button" href="/">To the live view</a>
          </p>
        </div>
      </section>
    </Bare>
  );
}
