import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { APP } from "./built-command-line.js";

export interface KilledRun {
  /** Path of the built command line. */
  readonly program: string;
  /** Folder of the run. */
  readonly run: string;
  readonly settings: readonly string[];
}

/** Runs the recipe in a process of its own, killed at a file operation if asked for; goes on where a run with a config is found. */
export function runProcess({ program, run, settings }: KilledRun, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const start = settings.flatMap((setting) => ["--set", setting]);
  const args = existsSync(join(run, "config.yaml")) ? ["--resume"] : ["--preset", "smoke", ...start];
  return runCommandLine(program, ["quickstart", ...args, "--output", run, "-q"], environment);
}

/** Runs a command in a process of its own, killed at a file operation if asked for; tells how it ended. */
export function runCommandLine(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(process.execPath, ["--import", join(APP, "test/kill-at.mjs"), program, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    child.once("close", (code, signal) => {
      const isKilled = signal === "SIGKILL" || (process.platform === "win32" && code === 1 && errors === "");
      if (code === 0 || isKilled) resolve(isKilled ? "SIGKILL" : "done");
      else reject(new Error(`exit code ${code}: ${errors}`));
    });
  });
}

/** File operations of a whole run. */
export function countOperations(run: KilledRun): Promise<number> {
  return countedOperations(run.run, (environment) => runProcess(run, environment));
}

/** File operations of a process, which counts them into a file beside what it writes. */
export async function countedOperations(
  path: string,
  runIn: (environment: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<number> {
  const file = `${path}.count`;
  await runIn({ RETOOL_TEST_COUNT_FILE: file });
  const count = Number(await readFile(file, "utf8"));
  await rm(file);
  return count;
}

/** What equal runs have in common: metrics, rollouts, and the last checkpoint with its optimizer. */
export async function outcomeOf(run: string): Promise<ReadonlyMap<string, string>> {
  const last = (await readdir(join(run, "checkpoints"))).sort().at(-1)!;
  const trajectories = (await readdir(join(run, "trajectories"))).map((name) => `trajectories/${name}`);
  const checkpoint = ["model.safetensors", "optimizer.safetensors", "state.json"].map((name) => `checkpoints/${last}/${name}`);
  const files = ["metrics.jsonl", ...trajectories, ...checkpoint].sort();
  return new Map(
    await Promise.all(
      files.map(
        async (file) =>
          [
            file,
            createHash("sha256")
              .update(await readFile(join(run, file)))
              .digest("hex"),
          ] as const,
      ),
    ),
  );
}
