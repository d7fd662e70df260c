import { DEFAULT_LIMITS } from "@retool-ts/sandbox";
import { CommanderError, type Command } from "commander";
import { expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { defaultText, isOfHelp } from "../shell/option-texts.js";
import { registerCommands } from "./index.js";
import { LIMIT_DEFAULTS } from "./limit-options.js";

const newProgram = () => createProgram(quietShell(), { quiet: false }, registerCommands);

/** A program's commands and theirs, by the words that call them. */
function allCommands(program: Command, before: readonly string[] = []): [string, Command][] {
  return program.commands.flatMap((command) => {
    const words = [...before, command.name()];
    return [[words.join(" "), command] as [string, Command], ...allCommands(command, words)];
  });
}

const visibleOptions = (command: Command) => command.options.filter((option) => !option.hidden && !isOfHelp(option));

test("the help of every command tells the default of every option, or that it is required", () => {
  for (const [words, command] of allCommands(newProgram())) {
    const help = command.helpInformation().replace(/\s+/g, " ");
    for (const option of visibleOptions(command)) {
      const text = option.mandatory ? "required)" : `default: ${defaultText(option)})`;
      const { flags } = option;
      const begin = help.indexOf(` ${flags} `);
      expect(begin, `${words}: ${flags}`).toBeGreaterThan(0);
      expect(help.slice(begin), `${words}: ${flags}`).toContain(text.replace(/\s+/g, " "));
      expect(option.description, `${words}: ${flags}`).not.toMatch(/default/i);
    }
  }
});

test("defaults that the sandbox decides are its own", () => {
  const { fuel, wallMs, memoryBytes, outputChars } = DEFAULT_LIMITS;
  expect(LIMIT_DEFAULTS).toEqual({
    fuel: String(fuel),
    wallMs: String(wallMs),
    memoryMb: String(memoryBytes / 2 ** 20),
    outputChars: String(outputChars),
  });
});

test("one name for one thing: a place to write is --output, a model the argument or --model, a preset a recipe", () => {
  const seen = new Map<string, Set<string>>();
  for (const [words, command] of allCommands(newProgram())) {
    const names = visibleOptions(command).map(({ long }) => long!);
    for (const name of names) expect(name, words).not.toMatch(/^--(out|run|runs|folder|checkpoint|recipe)$/);
    // Files come from somewhere; a model never does.
    if (!words.endsWith("python install")) expect(names, words).not.toContain("--from");
    const takesModel = command.registeredArguments.some((argument) => argument.name() === "model");
    if (takesModel) expect(names, words).toContain("--model");
    for (const option of command.options) {
      if (option.long === "--preset") expect(option.description, words).toMatch(/recipe/);
      if (option.short === undefined) continue;
      seen.set(option.short, (seen.get(option.short) ?? new Set()).add(option.long!));
    }
  }
  seen.delete("-r"); // refused
  for (const [short, longs] of seen) expect([...longs], short).toHaveLength(1);
});

/** The message of a command line that is refused. */
async function refusal(...words: readonly string[]): Promise<string> {
  let message = "";
  const program = newProgram();
  for (const command of [program, ...allCommands(program).map(([, inner]) => inner)]) {
    command.configureOutput({ writeErr: (text) => void (message += text) });
  }
  await expect(program.parseAsync(words, { from: "user" }), words.join(" ")).rejects.toBeInstanceOf(CommanderError);
  return message;
}

test.each([
  ["train --from runs/a", "--from", "--model, or the argument"],
  ["sft -r runs/a", "--run", "--output"],
  ["quickstart --run runs/a", "--run", "--output"],
  ["compare --run runs/a", "--run", "--output"],
  ["eval --checkpoint runs/a", "--checkpoint", "--model, or the argument"],
  ["eval runs/a --out b", "--out", "--output"],
  ["eval runs/a --recipe tiny", "--recipe", "--preset"],
  ["chat runs/a --recipe tiny", "--recipe", "--preset"],
  ["export runs/a --out b", "--out", "--output"],
  ["data build --from a --output b.jsonl", "--from", "the argument"],
  ["doctor --runs a", "--runs", "--output"],
  ["sandbox python add-wheel a --folder b", "--folder", "--output"],
])("%s is refused and names ours", async (words, option, ours) => {
  expect(await refusal(...words.split(" "))).toContain(`error: unknown option '${option}'\n(It is ${ours}.)\n`);
});

test("a benchmark is no preset, and two models are one too many", async () => {
  expect(await refusal("eval", "runs/a", "--preset", "aime24")).toContain("It is a benchmark: --benchmark aime24.");
  expect(await refusal("train", "runs/a", "--model", "runs/b")).toContain("error: two models are named, runs/a and runs/b\n");
  expect(await refusal("eval")).toContain("error: missing required argument 'model'");
});

test("options of an endpoint need one, and its model has a name", async () => {
  expect(await refusal("eval", "runs/a", "--retries", "3")).toContain(
    "error: --retries is of an endpoint, and none is named\n(Name it with --endpoint.)",
  );
  expect(await refusal("chat", "runs/a", "--key-env", "KEY")).toContain("error: --key-env is of an endpoint");
  for (const [option, value] of [
    ["--engine", "tinker"],
    ["--base-url", "http://127.0.0.1:2"],
    ["--base-model", "b"],
  ] as const) {
    expect(await refusal("eval", "--endpoint", "http://127.0.0.1:1/v1", "--model", "m", option, value)).toContain(
      `error: ${option} says where a policy of ours computes, and the model is one behind --endpoint`,
    );
  }
  expect(await refusal("eval", "--endpoint", "http://127.0.0.1:1/v1")).toContain("error: missing required argument 'model'");
  expect(await refusal("eval", "--endpoint", "nowhere", "--model", "m")).toContain(
    "An address such as http://127.0.0.1:8000/v1 is needed.",
  );
});

test("help of a command that is not there says so and suggests one", async () => {
  expect(await refusal("help", "inspct")).toBe("error: unknown command 'inspct'\n(Did you mean inspect?)\n(see --help)\n");
  expect(await refusal("help", "nosuch")).toBe("error: unknown command 'nosuch'\n(see --help)\n");
  expect(await refusal("help", "data", "biuld")).toBe("error: unknown command 'biuld'\n(Did you mean build?)\n(see --help)\n");
  expect(await refusal("data", "help", "biuld")).toContain("(Did you mean build?)");
});
