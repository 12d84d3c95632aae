/** Requests to URLs that are asked again and again: their URL is read once. @module */

/** As it is now: a plugin may replace it. */
const Original = Request;
/** More URLs than these are read each time anew. */
const MOST = 64;

/**
 * Makes a function that answers, for a URL that it has seen before, a request to it without anything else, to be passed
 * to `fetch` in the URL's place; the URL itself otherwise. Only for a `fetch` with a signal of its own: to that of
 * a request which is used again each call would be added.
 */
export function createTemplates(): (url: string) => string | Request {
  const known = new Map<string, Request | null>();
  return (url) => {
    const template = known.get(url);
    if (template === undefined) {
      if (known.size >= MOST) known.clear();
      known.set(url, null);
      return url;
    }
    if (template !== null) return template;
    const request = new Original(url);
    known.set(url, request);
    return request;
  };
}
