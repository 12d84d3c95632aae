/** What a reader sees of a page. @module */

const ENTITIES: Record<string, string> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&amp;": "&",
};

/** The texts of some markup, one space between two of them. */
export function textOf(html: string): string {
  return html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim()
    .replace(/&(lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity]!);
}

/** The markup from `start` up to `end`. Fails where it is not there. */
export function between(html: string, start: string, end: string): string {
  const from = html.indexOf(start);
  const to = html.indexOf(end, from + start.length);
  if (from < 0 || to < 0) throw new Error(`no ${start} … ${end} in ${html}`);
  return html.slice(from, to);
}
