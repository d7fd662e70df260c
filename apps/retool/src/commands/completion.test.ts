import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { createProgram } from "../shell/command-line.js";
import { SHELLS } from "../shell/completion-script.js";
import { registerCommands } from "./index.js";

const run = promisify(execFile);

async function scriptOf(shell: string): Promise<string> {
  const printed: string[] = [];
  const context = quietShell({ print: (text) => void printed.push(text) });
  await createProgram(context, { quiet: true }, registerCommands).parseAsync(["completion", shell], { from: "user" });
  return printed.join("\n");
}

async function isInstalled(shell: string): Promise<boolean> {
  return run(shell, ["--version"]).then(() => true, () => false); // prettier-ignore
}

/** What bash offers behind a line of words, of which the last is unfinished. */
async function offered(script: string, line: string): Promise<string[]> {
  const words = line.split(" ");
  const program = `${script}\ncompopt() { :; }\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})\nCOMP_CWORD=${words.length - 1}\n_retool\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run("bash", ["--norc", "-c", program]);
  return stdout.split("\n").filter((word) => word !== "");
}

const hasBash = await isInstalled("bash");

test.skipIf(!hasBash)("bash completes commands, options, choices, presets and keys (skipped where there is no bash)", async () => {
  const script = await scriptOf("bash");
  const cases: [line: string, words: readonly string[]][] = [
    ["retool qu", ["quickstart"]],
    ["retool data ", ["build", "convert", "stats", "splits", "help"]],
    ["retool train --mod", ["--model"]],
    ["retool train --quiet --out", ["--output"]],
    ["retool export --dtype b", ["bfloat16"]],
    ["retool sandbox python add", ["add-wheel"]],
    ["retool eval --benchmark aime2", ["aime24", "aime25"]],
    ["retool train --preset sm", ["smoke", "smollm2-135m"]],
    ["retool train --set train.learningRate.p", ["train.learningRate.peak="]],
    ["retool config explain train.kl.c", ["train.kl.coef"]],
    ["retool train --ru", []],
    ["retool train runs/qu", []],
  ];
  for (const [line, words] of cases) expect(await offered(script, line), line).toEqual(words);
});

test("every command and option is in the script of every shell, and the shell reads it where it is installed", async () => {
  const program = createProgram(quietShell(), { quiet: true }, registerCommands);
  for (const shell of SHELLS) {
    const script = await scriptOf(shell);
    for (const command of program.commands) {
      if (command.name() !== "run-job") expect(script, shell).toContain(command.name());
      for (const { long, hidden } of command.options) {
        const flag = shell === "fish" ? `-l ${long!.slice(2)} ` : long!;
        if (!hidden) expect(script, `${shell}: ${command.name()} ${long}`).toContain(flag);
      }
    }
    expect(script).not.toMatch(/run-job|--checkpoint\b(?!s)/);
    if (await isInstalled(shell)) await run(shell, ["-n", "-c", script]);
  }
});
