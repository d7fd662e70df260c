import { nearestName } from "@retool-ts/core";
import type { Command } from "commander";

/** Gives a program and its groups a command `help [command…]` that refuses names it does not know, as running them would. */
export function addHelpCommands(program: Command): void {
  const groups = program.commands.filter(({ commands }) => commands.length > 0);
  for (const group of groups) addHelpCommands(group);
  program
    .command("help")
    .description("print the help of a command")
    .argument("[command...]", "a command, and a command of its own where it has some")
    .action((names: readonly string[]) => commandNamed(program, names).help());
}

function commandNamed(program: Command, names: readonly string[]): Command {
  const [name, ...rest] = names;
  if (name === undefined) return program;
  const inner = program.commands.find((command) => command.name() === name);
  if (inner !== undefined) return commandNamed(inner, rest);
  const near = nearestName(name, program.commands.map((command) => command.name())); // prettier-ignore
  return program.error(`error: unknown command '${name}'${near === undefined ? "" : `\n(Did you mean ${near}?)`}`);
}
