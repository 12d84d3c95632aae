/**
 * What a plugin without options imports, as `coinrelay/plugin/words`, to put an event into words: a part of
 * `coinrelay/plugin` without what checks options, which takes a plugin's process 6 MiB.
 *
 * @module
 */
export { COIN_PAGE, describe, type DescribeOptions, type Line, type Message } from "./plugin/describe.ts";
export { rowsAsText, shortAddress, type Span, valueAsText } from "./plugin/rows.ts";
export { changeWords, eventWords } from "./plugin/words.ts";
export { chainIdOf, platformName } from "./plugin/platforms.ts";
export { gravest, SEVERITIES, type Severity, severityOf, type SeverityOption } from "./plugin/severity.ts";
export { clean, shorten } from "./plugin/clean.ts";
