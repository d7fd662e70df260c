import { Option, type Command, type Help } from "commander";

/** Makes a value of an option's text; `before` is what the option was given before. */
type OptionParser = (text: string, before: never) => unknown;

/**
 * An option that is absent unless given, with words for what happens then. Commander shows defaults of values alone; {@link optionText}
 * shows these as well.
 */
export function optional(flags: string, description: string, unless: string, parse?: OptionParser): Option {
  const option = new Option(flags, description).default(undefined, unless);
  return parse === undefined ? option : option.argParser(parse as (text: string, before: unknown) => unknown);
}

/** An option's line in `--help`: what it means, its choices, and what holds when it is not given. */
export function optionText(option: Option): string {
  const facts = [
    ...(option.argChoices === undefined ? [] : [`choices: ${option.argChoices.join(", ")}`]),
    option.mandatory ? "required" : `default: ${defaultText(option)}`,
  ];
  return `${option.description} (${facts.join("; ")})`;
}

/** Words for an option's default. */
export function defaultText({ defaultValue, defaultValueDescription }: Option): string {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  const value = defaultValue as string | number | boolean | readonly unknown[] | undefined;
  if (value === false) return "off";
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "none";
  return String(value);
}

/** Puts {@link optionText} into the help of a program and of the commands that are added to it from then on. */
export function showDefaults(program: Command): Command {
  return program.configureHelp({
    showGlobalOptions: false,
    sortSubcommands: false,
    optionDescription: (option: Option) => (isOfHelp(option) ? option.description : optionText(option)),
  } satisfies Partial<Help>);
}

/** `--help` and `--version` have no default: they end the program. */
export function isOfHelp(option: Option): boolean {
  return option.long === "--help" || option.long === "--version";
}

/** Refuses spellings that one may expect here, with a message that names ours: `{ "--run <folder>": "--output" }`. */
export function refuseSpellings(command: Command, spellings: Readonly<Record<string, string>>): Command {
  for (const [flags, ours] of Object.entries(spellings)) {
    const option = new Option(flags).hideHelp();
    option.argParser(() => command.error(`error: unknown option '${option.long}'\n(It is ${ours}.)`));
    command.addOption(option);
  }
  return command;
}
