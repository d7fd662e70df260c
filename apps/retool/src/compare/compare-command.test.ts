import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quietShell, QUIET } from "../../test/quiet-shell.js";
import type { CliContext } from "../shell/cli-context.js";
import type { Reporter } from "../shell/log.js";
import { compare, type CompareOptions } from "./compare-command.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-compare-"))));
afterAll(() => rm(folder, { recursive: true }));

/** Smoke size in this process: every part runs, nothing is learned. */
async function run(name: string, more: Partial<CompareOptions> = {}, context: Partial<CliContext> = {}) {
  const options: CompareOptions = {
    output: join(folder, name),
    comparison: "smoke",
    arms: ["tool", "text", "text-3x"],
    seeds: [1],
    set: ["backend=wasm", "eval.problems=10"],
    processes: 1,
    program: [],
    dryRun: false,
    json: false,
    ...more,
  };
  const shell = quietShell(context);
  return { result: await compare(options, shell), printed: shell.printed };
}

const read = (...parts: string[]) => readFile(join(folder, ...parts), "utf8");

describe("compare at smoke size", () => {
  test("trains every arm with every seed and reports what it measured", async () => {
    const { result } = await run("first");
    const { arms, runs, duels, bars, heldOut } = result!;
    expect(arms.map(({ arm, sftSteps }) => [arm, sftSteps.mean])).toEqual([
      ["tool", 6],
      ["text", 6],
      ["text-3x", 18],
    ]);
    expect(runs.map(({ run: name }) => name)).toEqual(["tool-seed1", "text-seed1", "text-3x-seed1"]);
    for (const { curve, sft, rl, arm, stageAccuracy } of runs) {
      expect(curve.map(({ step }) => step)).toEqual([0, 2, 4]);
      expect(sft.rows).toBe(8 * sft.steps);
      expect(sft.tokens).toBeGreaterThan(20 * sft.rows);
      expect(sft.flop).toBe(6 * runs[0]!.parameters * sft.tokens);
      expect(rl).toMatchObject({ steps: 4, rollouts: 16 });
      if (arm !== "tool") expect(curve.every(({ codeRatio }) => codeRatio === 0)).toBe(true);
      expect(Object.keys(stageAccuracy)).toEqual(arm === "tool" ? ["clean"] : []);
    }
    expect(duels.map(({ arm }) => arm)).toEqual(["text", "text-3x"]);
    expect(bars).toHaveLength(4);
    expect(heldOut).toMatchObject({ problems: 10, trainedOn: 0 });
    expect(JSON.parse(await read("first", "compare.json"))).toEqual(result);
    const page = await read("first", "report.html");
    for (const text of ["Held-out accuracy", "What a sceptic will say", "text RL, 3 × SFT"]) expect(page).toContain(text);
  });

  test("what is finished is not run again; a seed may be added", async () => {
    const before = await stat(join(folder, "first/tool-seed1/summary.json"));
    const { result } = await run("first", { seeds: [1, 2], arms: ["tool"] });
    expect(result!.runs.map(({ seed }) => seed)).toEqual([1, 2]);
    expect((await stat(join(folder, "first/tool-seed1/summary.json"))).mtimeMs).toBe(before.mtimeMs);
  });

  test("interrupted and begun again, it ends as if it had never stopped", async () => {
    const controller = new AbortController();
    const reporter: Reporter = {
      ...QUIET,
      progress: (label) => ({ update: (done) => label === "RL" && done === 2 && controller.abort(), done() {} }),
    };
    const begun = run("stopped", {}, { signal: controller.signal, reporter });
    await expect(begun).rejects.toMatchObject({ name: "AbortError" });
    await run("first");
    await run("stopped");
    expect(await read("stopped", "compare.json")).toBe(await read("first", "compare.json"));
    expect(await read("stopped", "report.html")).toBe(await read("first", "report.html"));
  });

  test("other settings do not mix with a begun comparison", async () => {
    await expect(run("first", { set: ["backend=wasm", "eval.problems=11"] })).rejects.toThrow(/settings\.json.*another --output/s);
  });

  test("a dry run writes nothing and says what would run; --json prints the result", async () => {
    const { printed } = await run("dry", { dryRun: true });
    expect(printed[0]).toContain("text-3x-seed1");
    await expect(stat(join(folder, "dry"))).rejects.toThrow("ENOENT");
    const { printed: json, result } = await run("first", { json: true });
    expect(JSON.parse(json[0]!)).toEqual(result);
  });
});
