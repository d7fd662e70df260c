/**
 * The command line, the config and the presets as data, read from the program itself: documentation is made of it and checked against it.
 *
 * @packageDocumentation
 */
import type { Command } from "commander";
import { alternatives, keysOf, recipeSchema, schemaAt, type SchemaNode } from "../config/schema-facts.js";
import { explain, type Explanation } from "../config/explain.js";
import { PRESET_TABLE, type Preset } from "../config/presets.js";
import type { CliContext } from "../shell/cli-context.js";
import { createReporter } from "../shell/log.js";
import { createProgram } from "../shell/command-line.js";
import { defaultText, isOfHelp } from "../shell/option-texts.js";
import { registerCommands } from "./index.js";

export type { Explanation } from "../config/explain.js";

/** An option or an argument of a command. */
export interface ParameterReference {
  /** As it is written: `-o, --output <folder>`, `[runs...]`. */
  readonly name: string;
  readonly meaning: string;
  /** Words for what holds when it is not given; absent where it must be. */
  readonly default?: string;
  readonly choices?: readonly string[];
}

/** A command of `retool`. */
export interface CommandReference {
  /** Words behind `retool`, such as `config explain`. */
  readonly path: string;
  readonly meaning: string;
  readonly usage: string;
  readonly arguments: readonly ParameterReference[];
  readonly options: readonly ParameterReference[];
  /** What its help says behind the options: examples, files, notes. */
  readonly notes: string;
  /** Paths of the commands below it. */
  readonly commands: readonly string[];
}

/** Every visible command, in the order of `retool --help`; a group stands before its commands. */
export function commandReference(): CommandReference[] {
  const program = createProgram(silent(), { quiet: false }, registerCommands);
  return commandsBelow(program, "");
}

/** Every key of a config, parents before what is in them; N stands for the number of an item. */
export function settingReference(): Explanation[] {
  return [explain("preset"), ...keysBelow(recipeSchema(), "").map(explain)];
}

/** A preset, by name, with the values that it sets. */
export interface PresetReference extends Pick<Preset, "meaning" | "needs"> {
  readonly name: string;
  /** By key; what is not here has its default. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Every preset, in the order of the table. */
export function presetReference(): PresetReference[] {
  return Object.entries(PRESET_TABLE).map(([name, { meaning, needs, config }]) => ({
    name,
    meaning,
    needs,
    settings: valuesOf(config, ""),
  }));
}

function commandsBelow(command: Command, before: string): CommandReference[] {
  const visible = command.createHelp().visibleCommands(command).filter((inner) => inner.name() !== "help"); // prettier-ignore
  return visible.flatMap((inner) => {
    const path = `${before}${inner.name()}`;
    return [describeCommand(inner, path), ...commandsBelow(inner, `${path} `)];
  });
}

function describeCommand(command: Command, path: string): CommandReference {
  const help = command.createHelp();
  return {
    path,
    meaning: command.description(),
    usage: help.commandUsage(command),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.required ? `<${help.argumentTerm(argument)}>` : `[${help.argumentTerm(argument)}]`,
      meaning: argument.description,
      ...(!argument.required && { default: argument.defaultValue === undefined ? "none" : String(argument.defaultValue) }),
      ...(argument.argChoices && { choices: argument.argChoices }),
    })),
    options: help
      .visibleOptions(command)
      .filter((option) => !isOfHelp(option))
      .map((option) => ({
        name: option.flags,
        meaning: option.description,
        ...(!option.mandatory && { default: defaultText(option) }),
        ...(option.argChoices && { choices: option.argChoices }),
      })),
    notes: textBehindHelp(command),
    commands: commandsBelow(command, `${path} `).map((inner) => inner.path),
  };
}

/** What `addHelpText("after", …)` adds: the printed help without that of commander itself. */
function textBehindHelp(command: Command): string {
  let printed = "";
  command.configureOutput({ writeOut: (text) => (printed += text) });
  command.outputHelp();
  return printed.slice(command.helpInformation().length).trim();
}

function keysBelow(node: SchemaNode, path: string): string[] {
  const named = keysOf(node).flatMap((key) => {
    const inner = path === "" ? key : `${path}.${key}`;
    return [inner, ...keysBelow(schemaAt([key], node)!, inner)];
  });
  const items = alternatives(node).flatMap(({ items: each }) => (each === undefined || each === false ? [] : [each]));
  return [...new Set([...named, ...items.flatMap((each) => keysBelow(each, `${path}.N`))])];
}

/** Values by key; an array of objects has a key for each of its items. */
function valuesOf(value: unknown, path: string): Record<string, unknown> {
  const isTree = typeof value === "object" && value !== null && (!Array.isArray(value) || value.some((item) => typeof item === "object"));
  if (!isTree) return { [path]: value };
  const inner = Object.entries(value as object).map(([key, each]) => valuesOf(each, path === "" ? key : `${path}.${key}`));
  return Object.assign({}, ...inner) as Record<string, unknown>;
}

/** A shell that nothing is printed to: describing commands runs none. */
function silent(): CliContext {
  const none = () => undefined;
  const reporter = createReporter({ quiet: () => true });
  return { reporter, signal: new AbortController().signal, print: none, color: false, setExitCode: none };
}
