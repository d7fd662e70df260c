import type { CommandReference, ParameterReference } from "retool/reference";
import { page, plain, table } from "./markdown-text.js";
import { anchor, commandAddress, COMMANDS } from "./names.js";

/** A page for each command at the top, with a section for each command of a group; and the list of them. */
export function commandPages(): Map<string, string> {
  const top = COMMANDS.filter(({ path }) => !path.includes(" "));
  const pages = top.map((command) => [`commands/${command.path}.md`, commandPage(command)] as const);
  return new Map([["commands/index.md", listPage()], ...pages]);
}

function listPage(): string {
  const rows = COMMANDS.map(
    ({ path, meaning }) => `| [\`retool ${path}\`](${commandAddress(path)}) | ${plain(meaning, { inTable: true })} |`,
  );
  return page("Commands", "Every command of retool, made from the program itself.", [
    "In a checkout, write `npm run -s retool -- COMMAND` for `retool COMMAND`. Each page is made from the program's own description, as `retool COMMAND --help` prints it.",
    `| command | what it does |\n| --- | --- |\n${rows.join("\n")}`,
    "Exit codes: 0 done, 1 failed, 2 bad usage or config, 130 interrupted. `RETOOL_DEBUG=1` prints the stack of an error, `NO_COLOR=1` turns colours off.",
  ]);
}

function commandPage(command: CommandReference): string {
  const inner = COMMANDS.filter(({ path }) => path.startsWith(`${command.path} `));
  const sections = inner.flatMap((each) => [
    `## retool ${each.path} {#${anchor(each.path.slice(command.path.length + 1))}}`,
    ...describe(each, "###"),
  ]);
  return page(`retool ${command.path}`, command.meaning, [...describe(command, "##"), ...sections]);
}

function describe(command: CommandReference, heading: string): string[] {
  const id = anchor(command.path);
  return [
    `${plain(sentence(command.meaning))}`,
    `\`\`\`sh\n${command.usage}\n\`\`\``,
    ...parameters(`${heading} Arguments {#${id}-arguments}`, command.arguments),
    ...parameters(`${heading} Options {#${id}-options}`, command.options),
    ...(command.notes === "" ? [] : [`${heading} Notes {#${id}-notes}`, `\`\`\`text\n${command.notes}\n\`\`\``]),
  ];
}

function parameters(heading: string, list: readonly ParameterReference[]): string[] {
  if (list.length === 0) return [];
  const rows = list.map(({ name, meaning, default: usual, choices }) => [
    `\`${name}\``,
    `${meaning}${choices === undefined ? "" : `; one of ${choices.map((choice) => `\`${choice}\``).join(", ")}`}`,
    usual ?? "required",
  ]);
  return [heading, table(["name", "meaning", "when left out"], rows)];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
