/** The admin listener, loaded when somebody first asks it: most relays run for days with no page open. @module */
import type { Admin } from "./admin.tsx";
import type { AdminParts } from "./parts.ts";

/** Makes an admin that takes a quarter of the relay's memory, and of its start, only once it is asked. */
export function createLazyAdmin(parts: AdminParts): Admin {
  let loading: Promise<Admin> | null = null;
  let admin: Admin | null = null;
  const load = async () => {
    const { createAdmin } = await import("./admin.tsx");
    return admin = createAdmin(parts);
  };
  return {
    async handle(request, info) {
      return await (admin ?? await (loading ??= load())).handle(request, info);
    },
    observeAttempt: (report) => admin?.observeAttempt(report),
    close: () => admin?.close(),
  };
}
