import { CHARTS, METRIC_MEANINGS, RECORD_FIELDS, TIMING_CHARTS, TIMING_MEANINGS, TOOL_MEANINGS } from "@retool-ts/report";
import { commandReference, type CommandReference, presetReference, settingReference } from "retool/reference";

/** Commands, config keys, presets and metrics of the program, read once. */
export const COMMANDS = commandReference();
export const SETTINGS = settingReference();
export const PRESETS = presetReference();
export const METRICS: Readonly<Record<string, string>> = { ...RECORD_FIELDS, ...METRIC_MEANINGS, ...TOOL_MEANINGS, ...TIMING_MEANINGS };
export { CHARTS, METRIC_MEANINGS, RECORD_FIELDS, TIMING_CHARTS, TIMING_MEANINGS, TOOL_MEANINGS };

const KEYS = new Set(SETTINGS.map(({ key }) => key));
const FAMILIES = Object.keys(METRICS).filter((name) => name.includes("*"));
const COMMAND_PATHS = new Set(COMMANDS.map(({ path }) => path));

/** The part of an address that names a heading. */
export function anchor(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** The page of a command: commands of a group are sections of the group's page. */
export function commandAddress(path: string): string {
  const [page, ...rest] = path.split(" ");
  return `/reference/commands/${page}.md${rest.length === 0 ? "" : `#${anchor(rest.join(" "))}`}`;
}

/** The command of a piece of a command line that begins with `retool`; undefined for what is none. */
export function commandIn(words: string): CommandReference | undefined {
  const [first, ...rest] = words.split(/\s+/);
  if (first !== "retool") return undefined;
  const path = [rest.slice(0, 2).join(" "), rest[0] ?? ""].find((each) => COMMAND_PATHS.has(each));
  return COMMANDS.find((command) => command.path === path);
}

/** The key with N for numbers of items, if configs have it. A stage may be named by its number: `sft.stages.0.steps`. */
export function knownKey(name: string): string | undefined {
  const key = name.replace(/\.\d+(?=\.|$)/g, ".N");
  return KEYS.has(key) ? key : undefined;
}

/** The page of a config key. Keys at the top that have none below share a page. */
export function keyAddress(key: string): string {
  const [top] = key.split(".");
  return `/reference/config/${topHasPage(top!) ? top! : "index"}.md#${anchor(key)}`;
}

/** Whether a key at the top has a page of its own. */
export function topHasPage(top: string): boolean {
  return SETTINGS.some(({ key }) => key.startsWith(`${top}.`));
}

/**
 * The name of a metric in the table: its own, or its family's, as `stop/*` for `stop/eos`; of an area, `policy/*`, the
 * first. Undefined for what is no metric.
 */
export function knownMetric(name: string): string | undefined {
  if (Object.hasOwn(METRICS, name)) return name;
  const family = FAMILIES.find((each) => new RegExp(`^${each.split("*").join("[^/]+")}$`).test(name));
  return family ?? (name.endsWith("/*") ? Object.keys(METRICS).find((metric) => metric.startsWith(name.slice(0, -1))) : undefined);
}

/** The place of a metric. */
export function metricAddress(metric: string): string {
  return `/reference/metrics.md#${anchor(metric)}`;
}

/** Where the reference has a name that stands in backticks: a key, also with a value (`train.steps=10`), a metric, or a command line. */
export function addressOf(code: string): string | undefined {
  const [name] = code.split(/[=:]/, 1);
  const key = name!.includes(".") ? knownKey(name!) : undefined;
  if (key !== undefined) return keyAddress(key);
  const metric = code.includes("/") ? knownMetric(code) : undefined;
  if (metric !== undefined) return metricAddress(metric);
  const command = commandIn(code);
  return command && commandAddress(command.path);
}
