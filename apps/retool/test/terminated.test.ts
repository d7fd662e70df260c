import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";

const built = useBuiltCommandLine();
const SETTINGS = ["backend=wasm", "sft.stages.0.steps=40", "sft.stages.1.steps=1", "sft.saveEvery=1000", "train.steps=1", "eval.problems=2"]; // prettier-ignore

test.skipIf(process.platform === "win32")(
  "SIGTERM ends a run as Ctrl-C does: at a step, with a checkpoint there to go on from (skipped on Windows, which has none)",
  { timeout: 240_000 },
  async () => {
    const run = join(built.scratch, "run");
    const settings = SETTINGS.flatMap((setting) => ["--set", setting]);
    const child = spawn(process.execPath, [built.program("cli"), "quickstart", "--preset", "smoke", ...settings, "--output", run]);
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const exit = new Promise<[number | null, string | null]>((resolve) => child.once("close", (code, signal) => resolve([code, signal])));
    const metrics = join(run, "metrics.jsonl");
    while (child.exitCode === null && !(existsSync(metrics) && (await readFile(metrics, "utf8")).includes("\n"))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill("SIGTERM");
    expect(await exit, errors).toEqual([130, null]);
    expect(errors).toContain("--resume");
    const steps = (await readFile(metrics, "utf8")).trim().split("\n").length;
    const kept = (await readdir(join(run, "checkpoints"))).filter((name) => !name.startsWith("."));
    expect(kept).toHaveLength(1);
    expect([Number(/\d+/.exec(kept[0]!)![0]), steps < 40]).toEqual([steps, true]);
  },
);
