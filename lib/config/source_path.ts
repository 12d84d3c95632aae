/** Paths that sources are received at. @module */

/** The path by which others are compared with it: a trailing slash makes no difference. */
export function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
