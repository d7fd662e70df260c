import { resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { openRunFolder, type RunFolder } from "@retool-ts/runs";
import { RL_START } from "@retool-ts/train";
import { z } from "zod";
import type { RecipeParts } from "../config/recipe-parts.js";
import { readRunConfig } from "../config/run-config.js";
import { startInManifest } from "../recipe/manifest.js";
import { runRecipe } from "../recipe/recipe.js";
import { withRun } from "../recipe/session.js";
import type { CliContext } from "../shell/cli-context.js";
import { commandLine } from "../shell/command-name.js";
import { EXIT } from "../shell/exit.js";
import { differenceText } from "./describe-difference.js";
import { isReproduced, runDifference, type RunDifference } from "./run-difference.js";

/** Request of the command line. */
export interface ReproduceOptions {
  /** Folder of the repeated run. */
  readonly output: string;
  /** Go on with a repetition that was stopped. */
  readonly resume: boolean;
  readonly json: boolean;
}

/** Parts of the recipe in a manifest; older ones have none. */
const RecordedParts = z.strictObject({ sft: z.boolean(), rl: z.boolean() });

/** Parts of the recipe that a command runs, by its name in a manifest. */
const PARTS: Readonly<Record<string, RecipeParts>> = {
  quickstart: { sft: true, rl: true },
  "run-job": { sft: true, rl: true },
  sft: { sft: true, rl: false },
  train: { sft: false, rl: true },
};

/**
 * Repeats a run from its config and manifest into another folder, says what differs in the environment, and compares metrics, rollouts
 * and weights byte by byte. The exit code is that of a failure when they are not the same.
 *
 * @throws InputError for a run that its own files do not describe.
 */
export async function reproduce(path: string, options: ReproduceOptions, context: CliContext): Promise<RunDifference> {
  const { reporter, signal, print, setExitCode } = context;
  const original = await openRunFolder(path);
  const parts = partsOf(original);
  const config = await readRunConfig(original);
  const start = startInManifest(original) ?? (parts.sft ? undefined : RL_START);
  await withRun(
    {
      path: options.output,
      resume: options.resume,
      config,
      parts,
      resumeWith: commandLine("reproduce", path, "--resume", "--output", options.output),
      reporter,
      signal,
      ...(start && { start }),
    },
    async (run, state) => void (await runRecipe(run, state, parts)),
  );
  const difference = await runDifference(original, await openRunFolder(options.output));
  const reproduced = isReproduced(difference);
  if (options.json) print(JSON.stringify({ run: resolve(options.output), reproduced, ...difference }, null, 2));
  else print(`${differenceText(difference)}\n\n${reproduced ? "reproduced: metrics, rollouts and weights are the same to the byte" : "not reproduced to the byte"}`); // prettier-ignore
  if (!reproduced) setExitCode(EXIT.failed);
  return difference;
}

function partsOf(run: RunFolder): RecipeParts {
  const manifest = run.readManifest();
  const problem = (expected: string, found: string, fix: string) =>
    new InputError({ what: "reproduce", where: run.file("manifest.json"), expected, found, fix });
  if (manifest === undefined) throw problem("the manifest of the run", "no such file", "name the folder of a run");
  const functions = manifest["functions"];
  if (functions !== undefined) throw problem("a run whose parts its config names", `functions of a program: ${JSON.stringify(functions)}`, "run that program again, then use retool diff"); // prettier-ignore
  const recorded = RecordedParts.safeParse(manifest["parts"]);
  if (recorded.success) return recorded.data;
  const phases = new Set(run.readMetrics().map(({ phase }) => phase));
  const command = (manifest["command"] as readonly unknown[] | undefined)?.[0];
  const named = typeof command === "string" && Object.hasOwn(PARTS, command) ? PARTS[command] : undefined;
  if (named !== undefined) return named;
  return { sft: phases.has("sft"), rl: !phases.has("sft") || phases.has("rl") }; // a program's run, or one that was repeated
}
