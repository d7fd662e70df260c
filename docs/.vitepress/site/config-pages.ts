import type { Explanation } from "retool/reference";
import { page, plain, table, value } from "./markdown-text.js";
import { anchor, keyAddress, PRESETS, SETTINGS, topHasPage } from "./names.js";

/** A page for each key at the top that has keys of its own, one for the others, and one of presets. */
export function configPages(): Map<string, string> {
  const top = SETTINGS.filter(({ key }) => !key.includes("."));
  const own = top.filter(({ key }) => topHasPage(key));
  const pages = own.map((setting) => [`config/${setting.key}.md`, sectionPage(setting)] as const);
  return new Map([["config/index.md", indexPage(top)], ["presets.md", presetsPage()], ...pages]);
}

function indexPage(top: readonly Explanation[]): string {
  const rows = top.map(({ key, meaning }) => `| [\`${key}\`](${keyAddress(key)}) | ${plain(meaning, { inTable: true })} |`);
  return page("Config keys", "Every key of a config file, made from the schema that checks it.", [
    "A run is decided by its config. Values come from three places; later ones go over earlier ones: a [preset](../presets.md), a YAML file (`--config FILE`), and `--set KEY=VALUE`. `--dry-run` prints all values and says where each came from.",
    "```yaml\npreset: tiny\ntrain:\n  steps: 100\n  learningRate: { peak: 4.0e-4 }\n```",
    "`retool config check FILE` finds mistakes in a file, `retool config explain KEY` prints what is written here, and `retool config schema` prints a JSON Schema for editors.",
    `| key | meaning |\n| --- | --- |\n${rows.join("\n")}`,
    ...top.filter(({ key }) => !topHasPage(key)).flatMap((setting) => describe(setting, "##")),
  ]);
}

function sectionPage(setting: Explanation): string {
  const inner = SETTINGS.filter(({ key }) => key.startsWith(`${setting.key}.`));
  return page(`Config: ${setting.key}`, setting.meaning, [
    `<a id="${anchor(setting.key)}"></a>${plain(setting.meaning)} [All keys](./index.md)`,
    ...inner.flatMap((each) => describe(each, "##")),
  ]);
}

function describe(setting: Explanation, heading: string): string[] {
  const { key, meaning, type, values, keys } = setting;
  const facts = [`**Type:** ${plain(type)}`, ...("default" in setting ? [`**Default:** ${value(setting.default)}`] : [])];
  const names = Object.entries(values ?? {});
  const list = names.some(([, words]) => words !== "")
    ? table(["value", "meaning"], names.map(([name, words]) => [`\`${name}\``, words])) // prettier-ignore
    : names.length > 0 && `**Values:** ${names.map(([name]) => `\`${name}\``).join(", ")}`;
  const below = Object.keys(keys ?? {}).map((name) => `[\`${name}\`](${keyAddress(innerKey(key, name))})`);
  const presets = PRESETS.filter(({ settings }) => Object.hasOwn(settings, key)).map(
    ({ name, settings }) => `${name} ${value(settings[key])}`,
  );
  return [
    `${heading} \`${key}\` {#${anchor(key)}}`,
    plain(meaning),
    facts.join(" · "),
    ...(list === false ? [] : [list]),
    ...(below.length === 0 ? [] : [`**Keys:** ${below.join(", ")}`]),
    ...(presets.length === 0 ? [] : [`**In presets:** ${presets.join("; ")}`]),
  ];
}

/** A key below another one; an item of a list stands between where there is one. */
function innerKey(key: string, name: string): string {
  const direct = `${key}.${name}`;
  return SETTINGS.some((each) => each.key === direct) ? direct : `${key}.N.${name}`;
}

function presetsPage(): string {
  const sections = PRESETS.flatMap(({ name, meaning, needs, settings }) => [
    `## ${name} {#${anchor(name)}}`,
    `${plain(meaning)}. It needs ${plain(needs)}.`,
    table(
      ["key", "value"],
      Object.entries(settings).map(([key, each]) => [`\`${key}\``, value(each)]),
    ),
  ]);
  return page("Presets", "Recipes to start from, with every value that they set.", [
    "A preset is a config to start from: `--preset NAME`, or `preset: NAME` in a file. What a table leaves out has its [default](./config/index.md). `--dry-run` prints what a run would need. [The ReTool recipe](../guide/recipe.md#presets) says where the values come from.",
    ...sections,
  ]);
}
