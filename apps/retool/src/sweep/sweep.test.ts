import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quietShell, QUIET } from "../../test/quiet-shell.js";
import { loadConfig } from "../config/load-config.js";
import type { CliContext } from "../shell/cli-context.js";
import type { Reporter } from "../shell/log.js";
import { reproduce } from "../reproduction/reproduce-command.js";
import { sweep, type SweepOptions } from "./sweep-command.js";
import { curveFigure } from "./curve-figure.js";
import { curveBand, startEntropy } from "./learning-curves.js";
import { READY_SWEEPS } from "./ready-sweeps.js";
import { readSweep } from "./sweep-file.js";
import { summarizeSweep, type SweepResult, type SweepRun } from "./sweep-result.js";
import { cellTable, raceTable, runsCsv } from "./sweep-tables.js";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "retool-sweep-"))));
afterAll(() => rm(folder, { recursive: true }));

async function file(text: string): Promise<string> {
  const path = join(folder, "sweep.yaml");
  await writeFile(path, text);
  return path;
}

const SMOKE = `
presets: [smoke]
set: [backend=wasm, eval.problems=4, sft.stages.0.steps=2, sft.stages.1.steps=1, train.steps=2, train.evaluateEvery=1, eval.validationProblems=5]
seeds: [1, 2]
cells:
  ppo: []
  sapo: [train.loss=sapo]
`;

async function run(name: string, text: string, more: Partial<SweepOptions> = {}, context: Partial<CliContext> = {}) {
  const shell = quietShell(context);
  const options = { output: join(folder, name), processes: 1, program: [], dryRun: false, json: false, ...more };
  return { result: await sweep(await file(text), options, shell), printed: shell.printed };
}

const read = (...parts: string[]) => readFile(join(folder, ...parts), "utf8");

describe("sweep at smoke size", () => {
  test("every cell runs with every seed and is tested against the baseline", async () => {
    const { result, printed } = await run("whole", SMOKE);
    expect(result!.runs.map((each) => each.run)).toEqual(["ppo-seed1", "ppo-seed2", "sapo-seed1", "sapo-seed2"]);
    const [ppo, sapo] = result!.cells;
    expect([ppo!.test, ppo!.final!.n, sapo!.test!.pairs]).toEqual([null, 2, 8]);
    expect(sapo!.final!.values).toEqual(result!.runs.filter(({ cell }) => cell === "sapo").map(({ final }) => final));
    expect(await read("whole/sapo-seed2/config.yaml")).toMatch(/^seed: 2$[^]*loss: sapo/m);
    expect(JSON.parse(await read("whole/sweep.json"))).toEqual(result);
    expect((await read("whole/sweep.csv")).trim().split("\n")).toHaveLength(5);
    expect((await read("whole/curves.csv")).split("\n").slice(0, 3)).toEqual(["cell,seed,step,accuracy", expect.stringMatching(/^ppo,1,1,/), expect.stringMatching(/^ppo,1,2,/)]); // prettier-ignore
    expect(await read("whole/curves.svg")).toMatch(/^<svg .*>ppo<.*>sapo<.*<\/svg>\n$/s);
    expect(printed[0]).toMatch(/cell.*against the baseline.*\n.*\n.*ppo.*baseline/);
  });

  test("interrupted and begun again, it ends as if it had never stopped; what is finished is not run again", async () => {
    const controller = new AbortController();
    let runs = 0;
    const reporter: Reporter = {
      ...QUIET,
      progress: (label) => ({ update: (done) => label === "RL" && done === 1 && ++runs === 3 && controller.abort(), done() {} }),
    };
    await expect(run("stopped", SMOKE, {}, { signal: controller.signal, reporter })).rejects.toMatchObject({ name: "AbortError" });
    const before = await stat(join(folder, "stopped/ppo-seed1/summary.json"));
    await run("stopped", SMOKE);
    expect((await stat(join(folder, "stopped/ppo-seed1/summary.json"))).mtimeMs).toBe(before.mtimeMs);
    for (const name of ["sweep.json", "sweep.csv", "curves.csv", "curves.svg"])
      expect(await read("stopped", name)).toBe(await read("whole", name));
  });

  test("a cell that fails stops no other, and is named in table, result and exit code", async () => {
    const codes: number[] = [];
    const text = SMOKE.replace("  ppo: []", "  ppo: []\n  broken: [model.from=nowhere]").replace("[1, 2]", "[1]");
    const { result, printed } = await run("whole", text, {}, { setExitCode: (code) => codes.push(code) });
    expect(result!.failures).toEqual([{ cell: "broken", seed: 1, message: expect.stringContaining("nowhere") as string }]);
    expect(result!.runs.map((each) => each.run)).toEqual(["ppo-seed1", "sapo-seed1"]);
    expect(printed[0]).toMatch(/broken.*0 \(1 failed\)/);
    expect(codes).toEqual([1]);
  });

  test("a cell's settings may not change, and a dry run writes nothing", async () => {
    await expect(run("whole", SMOKE.replace("loss=sapo", "loss=cispo"))).rejects.toThrow(/the cell sapo was begun with.*another name/s);
    const { printed } = await run("dry", SMOKE, { dryRun: true });
    expect(printed[0]).toBe("4 runs, of which 4 are to do\nppo-seed1\nppo-seed2\nsapo-seed1\nsapo-seed2");
    await expect(stat(join(folder, "dry"))).rejects.toThrow("ENOENT");
  });
});

describe("shared cold starts", () => {
  const SHARED = `${SMOKE}  "other start": [sft.stages.0.steps=3]\nshareColdStarts: true\n`;

  test("equal ones are trained once a seed, and reinforcement learning goes as from one of its own", async () => {
    const { result, printed } = await run("shared", SHARED);
    expect(result!.failures).toEqual([]);
    expect(await readdir(join(folder, "shared/cold-starts"))).toHaveLength(2); // a seed each; the third cell's is like no other's
    const whole = (await run("whole", SMOKE)).result!;
    const facts = ({ runs }: SweepResult) => runs.filter(({ cell }) => cell !== "other start");
    expect(facts(result!)).toEqual(facts(whole));
    const cells = ({ cells: all }: SweepResult) => all.slice(0, 2).map(({ test: _test, ...rest }) => rest);
    expect(cells(result!)).toEqual(cells(whole));
    expect(printed[0]).toMatch(/other start/);
    expect((await run("shared", SHARED, { dryRun: true })).printed[0]).toMatch(/^8 runs, of which 0 are to do\ncold-starts\//);
  });

  test("a run from one that is stopped before its first checkpoint goes on with the same random numbers", async () => {
    const controller = new AbortController();
    let begun = 0;
    const reporter: Reporter = {
      ...QUIET,
      progress: (label) => {
        if (label.endsWith("coldStart") && ++begun === 3) controller.abort(); // behind those of the two cold starts
        return { update() {}, done() {} };
      },
    };
    await expect(run("shared-stopped", SHARED, {}, { signal: controller.signal, reporter })).rejects.toMatchObject({ name: "AbortError" });
    const left = await readdir(join(folder, "shared-stopped/ppo-seed1"));
    expect(left).toContain("config.yaml");
    expect(left).not.toContain("checkpoints");
    await run("shared-stopped", SHARED);
    for (const name of ["sweep.json", "curves.csv"]) expect(await read("shared-stopped", name)).toBe(await read("shared", name));
  });

  test("a run from one is reproduced from its own files", async () => {
    const options = { output: join(folder, "reproduced"), resume: false, json: false };
    const difference = await reproduce(join(folder, "shared/ppo-seed1"), options, quietShell({}));
    expect(difference).toMatchObject({ config: [], metrics: { last: [] } });
    expect(difference.files.filter(({ state }) => state !== "same")).toEqual([]);
  });

  test("one that fails is named by the cells that needed it", async () => {
    const { result } = await run("unstarted", SHARED.replace("set: [", "set: [model.from=nowhere, "));
    const message = expect.stringContaining("nowhere") as string;
    expect(result!.failures.map(({ cell, seed }) => [cell, seed])).toEqual([["ppo", 1], ["ppo", 2], ["sapo", 1], ["sapo", 2], ["other start", 1], ["other start", 2]]); // prettier-ignore
    for (const failure of result!.failures) expect(failure).toEqual({ cell: failure.cell, seed: failure.seed, message });
  });
});

describe("a ready sweep", () => {
  test.each(Object.keys(READY_SWEEPS))("%s has configs that load", async (name) => {
    const { cells, evaluations, seeds } = await readSweep(name);
    expect(seeds.length).toBeGreaterThanOrEqual(5);
    for (const { preset, set } of cells)
      for (const more of [[], ...Object.values(evaluations)])
        await expect(loadConfig({ preset, set: [...set, ...more] })).resolves.toBeDefined();
  });

  test("tool-or-text runs every arm, at the size that is set, with the seeds that are named", async () => {
    const tiny = "model.hiddenSize=16,model.intermediateSize=32,model.layers=1,model.heads=2,model.kvHeads=2,tokenizer.texts=100,sft.stages.0.steps=2,sft.stages.0.batchSize=4,train.steps=1,train.promptsPerStep=2,train.groupSize=2,train.evaluateEvery=1,eval.problems=4,eval.validationProblems=4"; // prettier-ignore
    const options = {
      output: join(folder, "ready"),
      processes: 1,
      program: [],
      dryRun: false,
      json: false,
      seeds: [7],
      set: tiny.split(","),
    };
    const result = (await sweep("tool-or-text", options, quietShell({})))!;
    expect(result.failures).toEqual([]);
    expect(result.runs.map(({ run: name }) => name)).toEqual(["text-seed7", "tool-seed7", "text_3_x_SFT-seed7", "tool_from_text-seed7", "code_no_RL-seed7"]); // prettier-ignore
    expect(result.cells.map(({ curve }) => curve.length)).toEqual([1, 1, 1, 1, 1]);
    expect(result.evaluations.map(({ name, cell, accuracy, test: against }) => [name, cell, accuracy.n, against?.pairs])).toEqual(
      ["longer", "other-family", "other-sentences"].flatMap((name) => result.cells.map(({ name: cell }) => [name, cell, 1, cell === "text" ? undefined : 200])), // prettier-ignore
    );
    expect(JSON.parse(await read("ready/evaluations/tool-seed7-longer/evaluation.json"))).toMatchObject({ levels: { 3: { n: 200 } } });
    expect(await read("ready/text-seed7/config.yaml")).toMatch(/maxToolCalls: 0/);
    expect(await read("ready/tool-seed7/config.yaml")).toMatch(/maxToolCalls: 4/);
  });

  test("its arms see the same problems, and the third has three times the supervised steps of the first", async () => {
    const { cells, baseline, seeds } = await readSweep("tool-or-text");
    const configs = await Promise.all(cells.map(({ preset, set }) => loadConfig({ preset, set })));
    const steps = configs.map(({ sft }) => sft.stages.reduce((sum, stage) => sum + stage.steps, 0));
    expect([baseline, seeds.length, steps]).toEqual(["text", 5, [1_150, 1_150, 3_450, 1_150, 1_150]]);
    for (const { data, eval: evaluation } of configs) expect([data, evaluation]).toEqual([configs[0]!.data, configs[0]!.eval]);
    expect(configs[0]!.data.validation).toBeNull();
  });
});

describe("the file", () => {
  test("a grid is every combination, over each preset", async () => {
    const grid = "presets: [tiny, smoke]\nseeds: [3]\nset: [eval.problems=5]\ngrid:\n  train.loss: [gspo, cispo]\n  train.learningRate.peak: [0.001, 1]\nbaseline: tiny loss=cispo peak=1\n"; // prettier-ignore
    const { cells, baseline } = await readSweep(await file(grid));
    expect(cells.map(({ name }) => name)).toEqual(
      ["tiny", "smoke"].flatMap((preset) => ["gspo peak=0.001", "gspo peak=1", "cispo peak=0.001", "cispo peak=1"].map((rest) => `${preset} loss=${rest}`)), // prettier-ignore
    );
    expect(cells[1]).toMatchObject({ preset: "tiny", set: ["eval.problems=5", 'train.loss="gspo"', "train.learningRate.peak=1"] });
    expect(baseline).toBe("tiny loss=cispo peak=1");
  });

  test("settings, seeds and the baseline can be changed for one call", async () => {
    const text = "set: [eval.problems=5]\nseeds: [3]\ncells: { a: [], b: [eval.problems=6] }\n";
    const changed = await readSweep(await file(text), { set: ["eval.problems=7"], seeds: [8, 9], baseline: "b" });
    expect(changed).toMatchObject({ seeds: [8, 9], baseline: "b" });
    expect(changed.cells.map(({ set }) => set.at(-1))).toEqual(["eval.problems=7", "eval.problems=7"]);
    await expect(readSweep(await file(text), { baseline: "c" })).rejects.toThrow(/found c; the cells are a, b/);
    expect((await readSweep(await file(text), { cells: ["b"] })).cells.map(({ name }) => name)).toEqual(["b"]);
    await expect(readSweep(await file(text), { cells: ["a", "c"] })).rejects.toThrow(/found c; the cells are a, b/);
    await expect(readSweep(await file(text), { cells: ["b"], baseline: "a" })).rejects.toThrow(/found a; the cells are b/);
  });

  test.each([
    ["seeds: [1]", /either grid or cells/],
    ["seeds: [1, 1]\ncells: { a: [] }", /sweep\.yaml:1:8.*named twice/s],
    ["seeds: [1]\ncells: { a: [train.loss] }", /sweep\.yaml:2:.*expected key=value/s],
    ["seeds: [1]\ncells: { a/b: [], 'a:b': [] }", /share the folder a_b/],
    ["seeds: [1]\ncells: { a: [] }\nbaseline: b", /sweep\.yaml:3:11.*found b; the cells are a/s],
    ["seeds: [1]\ncells: {}", /no cell/],
  ])("%j is refused with its place", async (text, message) => {
    await expect(file(text).then(readSweep)).rejects.toThrow(message);
  });
});

test("pairs are answers of one seed and problem; p-values are corrected over the cells", () => {
  const answers = (right: string) => new Map([...right].map((mark, i) => [`p${i} 0`, mark === "1"]));
  const one = (cell: string, seed: number, right: string): SweepRun => ({
    cell,
    seed,
    run: `${cell}-seed${seed}`,
    coldStart: 0.5,
    entropy: null,
    final: [...right].filter((mark) => mark === "1").length / right.length,
    responseTokens: 10,
    codeRatio: 1,
    curve: [],
    answers: answers(right), // prettier-ignore
  });
  const runs = [
    one("base", 1, "0000000000"),
    one("base", 2, "1100000000"),
    one("better", 1, "1111110000"),
    one("better", 2, "1111000000"),
    one("same", 1, "0000000000"),
    one("other, seed", 9, "1111111111"),
  ];
  const cells = ["base", "better", "same", "other, seed"].map((name) => ({ name }));
  const result = summarizeSweep({ cells, baseline: "base" }, runs, []);
  const { test: better } = result.cells[1]!;
  // 8 pairs right in the cell only, none in the baseline only: exact 2/2⁸, mid-p half of it; two cells are tested.
  expect(better).toMatchObject({ pairs: 20, onlyCell: 8, onlyBaseline: 0, difference: 0.4, midP: expect.closeTo(1 / 256, 12) as number });
  expect(better!.corrected).toBeCloseTo(2 / 256, 12);
  expect(result.cells[2]!.test).toMatchObject({ pairs: 10, midP: 1, corrected: 1 });
  expect(result.cells[3]!.test).toBeNull();
  // Seeds 0.6 and 0.4: t₀.₉₇₅,₁ = 12.706, s/√2 = 0.1.
  expect(cellTable(result)[2]![4]).toBe("50.0 ± 127.1 %");
  expect(runsCsv(result).split("\n")[6]).toBe('"other, seed",9,"other, seed-seed9",0.5,,1,10,1');
});

describe("races", () => {
  const climbing = (cell: string, seed: number, final: number, ...accuracies: number[]): SweepRun => ({
    cell,
    seed,
    run: `${cell}-seed${seed}`,
    coldStart: 0.1,
    entropy: 0.5,
    final,
    responseTokens: 10,
    codeRatio: 1,
    curve: accuracies.map((accuracy, i) => ({ step: 5 * (i + 1), accuracy })),
    answers: new Map(),
  });
  const cells = ["base", "fast"].map((name) => ({ name }));
  const base = [climbing("base", 1, 0.25, 0.1, 0.2, 0.3, 0.2), climbing("base", 2, 0.5, 0.2, 0.3, 0.4, 0.5)];

  test("the step from which a cell stays above the baseline's best, of the same seed, and the ratio of what both end with", () => {
    const runs = [...base, climbing("fast", 1, 0.5, 0.4, 0.3, 0.5, 0.6), climbing("fast", 2, 0.25, 0.6, 0.7, 0.8, 0.9)];
    const { race } = summarizeSweep({ cells, baseline: "base" }, runs, []).cells[1]!;
    // Equal is not above: 0.3 at step 10 is the best of seed 1's baseline.
    expect(race!.crossings.map(({ seed, step, share }) => [seed, step, share])).toEqual([[1, 15, 0.75], [2, 5, 0.25]]); // prettier-ignore
    expect(race!.share).toMatchObject({ mean: 0.5, halfWidth: expect.closeTo(12.706 * 0.25, 3) as number });
    // Ratios 2 and ½: the mean of their logarithms is 0, and the interval e^±(12.706 · ln 2).
    expect(race!.ratio).toMatchObject({ mean: 1, values: [2, 0.5] });
    expect(race!.ratio!.interval![1]).toBeCloseTo(Math.exp(12.706 * Math.LN2), -1);
  });

  test("a seed that never passes leaves no mean share, a final accuracy of 0 no ratio", () => {
    const result = summarizeSweep({ cells, baseline: "base" }, [...base, climbing("fast", 1, 0, 0.1, 0.1, 0.1, 0.3), climbing("fast", 2, 0.2, 0.9)], []); // prettier-ignore
    expect(result.cells[1]!.race).toMatchObject({ share: null, ratio: null });
    expect(raceTable(result)[1]).toEqual(["fast", "never, 5", "–", "–"]);
    expect(result.cells[0]!.race).toBeNull();
    expect(cellTable(result).map((row) => row[3])).toEqual(["entropy", "0.50 ± 0.00", "0.50 ± 0.00"]);
  });

  test("the entropy of the start is that of the first step that measured one", () => {
    const rl = (step: number, more: Record<string, number>) => ({ phase: "rl", step, "rl/step": step, ...more });
    expect(startEntropy([{ phase: "sft", step: 1, "policy/entropy": 9 }, rl(1, {}), rl(2, { "policy/entropy": 0.4 }), rl(3, { "policy/entropy": 0.3 })])).toBe(0.4); // prettier-ignore
    expect(startEntropy([rl(1, {})])).toBeNull();
  });

  test("a band is the mean over the seeds that were evaluated at a step", () => {
    const [low, high] = [base[0]!.curve, base[1]!.curve.slice(0, 2)];
    const band = curveBand([low, high]);
    expect(band.map(({ step, seeds }) => [step, seeds])).toEqual([[5, 2], [10, 2], [15, 1], [20, 1]]); // prettier-ignore
    // 0.1 and 0.2: 0.15 ± 12.706 · 0.0707/√2 = 0.15 ± 0.635, within 0 and 1.
    expect([band[0]!.mean, band[0]!.interval![0], band[0]!.interval![1]]).toEqual([expect.closeTo(0.15, 12), 0, expect.closeTo(0.785, 3)]);
    expect(band[2]!.interval).toBeNull();
  });

  test("the figure has a line and a band a cell, at their places, and escapes names", () => {
    const points = [
      { step: 0, mean: 0, interval: [0, 0.5] as const, seeds: 2 },
      { step: 100, mean: 1, interval: [0.5, 1] as const, seeds: 2 },
    ];
    const svg = curveFigure([{ name: "a < b & c", points }, { name: "none", points: [] }]); // prettier-ignore
    expect(svg).toContain('<path d="M52 256L468 12" fill="none"'); // from 0 % at step 0 to 100 % at step 100
    expect(svg).toContain('<path d="M52 134L468 12L468 134L52 256Z"');
    expect(svg).toContain(">a &lt; b &amp; c</text>");
    expect(svg).not.toContain("none</text>");
    expect(curveFigure([{ name: "none", points: [] }])).toBe("");
  });
});
