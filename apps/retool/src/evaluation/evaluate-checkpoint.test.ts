import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QUIET, quietShell } from "../../test/quiet-shell.js";
import { evaluateCheckpoint, type EvalOptions } from "./evaluate-checkpoint.js";
import { loadConfig } from "../config/load-config.js";
import { setUpModel } from "../setup/model-setup.js";
import { saveModelFolder } from "../setup/save-model.js";
import { readTrajectories } from "@retool-ts/runs";

let folder: string;
let checkpoint: string;
let data: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-eval-"));
  checkpoint = join(folder, "checkpoint");
  data = join(folder, "problems.jsonl");
  const model = await setUpModel(await loadConfig({ preset: "smoke", set: ["backend=wasm"] }));
  await saveModelFolder(checkpoint, model);
  model.dispose();
  const rows = Array.from({ length: 6 }, (_, i) => ({
    problem: `what is ${i} plus ${i}`,
    answer: String(2 * i),
    subject: i % 2 === 0 ? "Algebra" : "Number Theory",
    level: `Level ${1 + (i % 3)}`,
  }));
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
});
afterAll(() => rm(folder, { recursive: true }));

async function evaluate(options: Partial<EvalOptions>, onProgress: (abort: () => void, done: number) => void = () => {}) {
  const said: string[] = [];
  const controller = new AbortController();
  const reporter = {
    ...QUIET,
    say: (line: string) => void said.push(line),
    progress: () => ({ update: (done: number) => onProgress(() => controller.abort(), done), done() {} }),
  };
  const shell = quietShell({ reporter, signal: controller.signal });
  await evaluateCheckpoint(
    {
      model: checkpoint,
      set: ["backend=wasm", "budgets.maxResponseTokens=24"],
      json: true,
      data,
      samples: 4,
      passK: [1, 2, 4],
      ...options,
    },
    shell,
  );
  return { result: JSON.parse(shell.printed.at(-1)!) as Record<string, unknown>, said };
}

const files = async (name: string) => {
  const read = (file: string) => readFile(join(folder, name, file));
  return Promise.all([read("evaluation.json"), read("trajectories/eval.jsonl.gz")]);
};

describe("retool eval --output", () => {
  test("keeps figures, rollouts and a summary; asked again, it answers from the folder", async () => {
    const { result } = await evaluate({ output: join(folder, "whole") });
    expect(result).toMatchObject({ n: 6, samples: 4, families: { Algebra: { n: 3 }, "Number Theory": { n: 3 } } });
    expect(Object.keys(result["levels"] as object)).toEqual(["1", "2", "3"]);
    expect(Object.keys(result["passAt"] as object)).toEqual(["1", "2", "4"]);
    expect(await readdir(join(folder, "whole/trajectories"))).toEqual(["eval.jsonl.gz"]);
    const again = await evaluate({ output: join(folder, "whole") }, () => expect.unreachable("nothing is left to sample"));
    expect(again.result).toEqual(result);
  });

  test.each([1, 9, 21])("stopped after %d rollouts and started again, it leaves the same bytes", async (at) => {
    const out = join(folder, `stopped-${at}`);
    await expect(evaluate({ output: out }, (abort, done) => done >= at && abort())).rejects.toMatchObject({
      name: "AbortError",
      message: expect.stringMatching(/\d of 6 problems are kept/),
    });
    await evaluate({ output: out });
    expect(await files(`stopped-${at}`)).toEqual(await files("whole"));
  });

  test("what a crash left of a problem is done again, whatever the place of the tear", async () => {
    const whole = await readTrajectories(join(folder, "whole/trajectories/eval.jsonl.gz"));
    const text = whole.map((record) => `${JSON.stringify(record)}\n`).join("");
    for (const [index, end] of [text.length - 2, text.indexOf("\n") + 1, Math.floor(text.length / 2)].entries()) {
      const out = join(folder, `torn-${index}`);
      await expect(evaluate({ output: out }, (abort) => abort())).rejects.toMatchObject({ name: "AbortError" });
      await rm(join(out, "trajectories"), { recursive: true, force: true });
      await mkdir(join(out, "trajectories"));
      await writeFile(join(out, "trajectories/eval.jsonl"), text.slice(0, end));
      await evaluate({ output: out });
      expect(await files(`torn-${index}`)).toEqual(await files("whole"));
    }
  });

  test("a folder with another evaluation is left alone", async () => {
    await expect(evaluate({ output: join(folder, "whole"), temperature: 0.5 })).rejects.toThrow(
      /whole: expected the evaluation that is kept there \(eval\.sampling\.temperature = 1\), found eval\.sampling\.temperature = 0\.5\. To mend it: choose another --output/,
    );
    const retrained = join(folder, "retrained");
    await cp(checkpoint, retrained, { recursive: true });
    await writeFile(join(retrained, "optimizer.safetensors"), "moments decide nothing");
    await evaluate({ output: join(folder, "whole"), model: retrained }, () => expect.unreachable("the weights are the same"));
    const weights = await readFile(join(retrained, "model.safetensors"));
    weights[weights.length - 1]! ^= 1;
    await writeFile(join(retrained, "model.safetensors"), weights);
    await expect(evaluate({ output: join(folder, "whole"), model: retrained })).rejects.toThrow(
      "expected the evaluation that is kept there (weights = ",
    );
    await expect(evaluate({ output: folder })).rejects.toThrow(
      "expected a new or empty folder, found one with files in it. To mend it: choose another --output.",
    );
  });
});

test("without its tools a model goes on behind code, and the folder is another evaluation's", async () => {
  const options = { samples: 100, passK: [1], set: ["backend=wasm", "budgets.maxResponseTokens=48"] };
  const rollouts = async (name: string, more: Partial<EvalOptions>) => {
    await evaluate({ ...options, ...more, output: join(folder, name) });
    return readTrajectories(join(folder, name, "trajectories/eval.jsonl.gz"));
  };
  const closed = (text: string) => text.indexOf("</code>") >= 0 && text.indexOf("</code>") < text.length - "</code>".length;
  const written = (records: Awaited<ReturnType<typeof rollouts>>) =>
    records.flatMap(({ segments }) => segments.filter(({ kind }) => kind === "model").map(({ text }) => text));
  const [with_, without] = [await rollouts("tools", {}), await rollouts("no-tools", { tools: false })];
  expect(written(with_).filter(closed)).toEqual([]); // each ends a turn
  expect(written(without).filter(closed).length).toBeGreaterThan(10);
  expect(without.flatMap(({ toolCalls }) => toolCalls)).toEqual([]);
  expect(without.map(({ turns }) => turns)).toEqual(without.map(() => 1));
  expect(await readFile(join(folder, "no-tools/config.yaml"), "utf8")).toContain("tools: []");
  await expect(rollouts("no-tools", {})).rejects.toThrow(/expected the evaluation that is kept there \(tools = ""\)/);
});

describe("benchmarks", () => {
  test("without its problems the benchmark says where they are", async () => {
    await expect(evaluateCheckpoint({ model: checkpoint, set: [], json: true, benchmark: "aime24" }, {} as never)).rejects.toThrow(
      /benchmark aime24: --data: expected a file with the 30 problems of AIME 2024.*Maxwell-Jia\/AIME_2024/,
    );
  });

  test("it brings the paper's protocol, under what the command line says, and takes each problem once", async () => {
    const twice = join(folder, "twice.jsonl");
    await writeFile(twice, (await readFile(data, "utf8")).repeat(2));
    const { result, said } = await evaluate({
      benchmark: "aime25",
      data: twice,
      output: join(folder, "preset"),
      samples: 2,
      passK: [2],
      set: ["backend=wasm", "budgets.maxResponseTokens=16"],
    });
    expect(result).toMatchObject({ n: 6, samples: 2 });
    expect(said.join("\n")).toContain("AIME 2025 has 30 problems");
    const config = await readFile(join(folder, "preset/config.yaml"), "utf8");
    for (const line of ["topP: 0.7", "temperature: 1", "rule: equivalence", "maxTurns: 1000", "maxResponseTokens: 16\n", "samples: 2"])
      expect(config).toContain(line);
  });
});

test("a preset's limit counts each problem once", async () => {
  const thrice = join(folder, "thrice.jsonl");
  const rows = (await readFile(data, "utf8")).trim().split("\n");
  await writeFile(thrice, rows.flatMap((row) => [row, row, row]).join("\n"));
  const small = { set: ["backend=wasm", "budgets.maxResponseTokens=4"], samples: 1, passK: [1] };
  expect((await evaluate({ ...small, benchmark: "aime25", data: thrice, limit: 4 })).result).toMatchObject({ n: 4 });
  expect((await evaluate({ ...small, data: thrice, limit: 4 })).result).toMatchObject({ n: 4, families: { Algebra: { n: 3 } } });
});

describe("options that do not fit", () => {
  test.each([
    ["--top-p", { topP: 5 }, "--top-p: expected a number up to 1, found 5. To mend it: set --top-p to such a value."],
    ["--top-p 0", { topP: 0 }, "--top-p: expected a number above 0, found 0"],
    ["--temperature", { temperature: 1e9 }, "--temperature: expected a number up to 10, found 1000000000"],
    ["--samples", { samples: 1e9 }, "--samples: expected a number up to 65536, found 1000000000"],
  ])("%s out of range is refused", async (_, options, message) => {
    await expect(evaluate(options)).rejects.toThrow(message);
  });

  test("columns need a file of problems, given here or by the config", async () => {
    const generated = { model: checkpoint, set: ["backend=wasm"], json: true, question: ["q"] };
    await expect(evaluateCheckpoint(generated, quietShell())).rejects.toThrow(
      "--question: expected a file of problems, found generated ones, which have no columns. To mend it: name the file with --data.",
    );
    const set = ["backend=wasm", `data.test.path=${data}`];
    await expect(evaluateCheckpoint({ ...generated, set }, quietShell())).rejects.toThrow("expected column q, found columns problem");
  });

  test("a folder that is no evaluation's, or whose eval.json is broken, is named by its option", async () => {
    await expect(evaluate({ output: data })).rejects.toThrow("expected a folder, found a file. To mend it: choose another --output.");
    const broken = join(folder, "broken");
    await mkdir(broken);
    await writeFile(join(broken, "eval.json"), "{bad");
    await expect(evaluate({ output: broken })).rejects.toThrow(/eval\.json: expected JSON, found .*\. To mend it: /);
  });
});

test("k above the samples is refused", async () => {
  await expect(evaluate({ passK: [1, 8] })).rejects.toThrow(/--pass-k: expected numbers of samples up to 4, found 8.*--samples 8/);
});
