import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { createRunFolder, type RunFolder } from "@retool-ts/runs";
import { APP, useBuiltCommandLine } from "./built-command-line.js";
import { chatServer, completion } from "./chat-server.js";
import { exampleRecord, exampleSummary } from "../../../packages/runs/test/example-run.js";

const isWindows = process.platform === "win32";
const built = useBuiltCommandLine({ interrupt: "test/interrupt-program.ts" });
let scratch: string;
let run: RunFolder;

beforeAll(async () => {
  ({ scratch } = built);
  run = await createRunFolder(join(scratch, "run"));
  await run.writeSummary(exampleSummary());
  await run.writeTrajectories(
    "final",
    Array.from({ length: 2_000 }, (_, i) => exampleRecord({ problemId: `p${i}`, correct: i % 2 === 0 })),
  );
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(program: "cli" | "interrupt", args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [built.program(program), ...args], {
    env: { ...process.env, RETOOL_DEBUG: "", ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return { child, ended };
}

const retool = (...args: readonly string[]) => start("cli", args).ended;

describe("exit code 0", () => {
  test("help names every command, on stdout", async () => {
    const [help, bare] = await Promise.all([retool("--help"), retool()]);
    expect(help.code).toBe(0);
    for (const name of ["inspect", "report", "doctor", "Examples:", "Exit codes:"]) expect(help.stdout).toContain(name);
    expect(bare).toEqual(help);
  });

  test("version is the package's", async () => {
    const { version } = JSON.parse(await readFile(join(APP, "package.json"), "utf8")) as { readonly version: string };
    expect(await retool("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("inspect --json is one object a line and nothing else", async () => {
    const { code, stdout, stderr } = await retool("inspect", run.path, "--json", "--wrong", "-n", "3", "--quiet");
    expect([code, stderr]).toEqual([0, ""]);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).problemId),
    ).toEqual(["p1", "p3", "p5"]);
  });

  test("report prints where the page is", async () => {
    const { code, stdout } = await retool("report", run.path);
    expect([code, stdout]).toEqual([0, `${run.file("report.html")}\n`]);
    expect(await readFile(stdout.trim(), "utf8")).toContain("<!doctype html>");
  });

  test("a reader that stops early is no failure", async () => {
    const { child, ended } = start("cli", ["inspect", run.path, "-n", "2000"]);
    child.stdout.once("data", () => child.stdout.destroy());
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, ""]);
  });
});

describe("results are on stdout, also under --quiet", () => {
  const small = ["--preset", "smoke", "--set", "backend=wasm", "--set", "eval.problems=4", "--set", "train.steps=1", "--quiet"];
  const path = (name: string) => join(scratch, name);

  test("sft, train and eval print their figures, and progress alone goes to stderr", async () => {
    const sft = await retool("sft", ...small, "--output", path("sft"));
    expect([sft.code, sft.stderr]).toEqual([0, ""]);
    expect(sft.stdout).toMatch(/accuracy +95 % interval[^]*\n  cold start, before RL .*%[^]*\ncheckpoint: .*step-/);
    const train = await retool("train", path("sft"), "--set", "train.steps=1", "--quiet", "--output", path("rl"), "--json");
    expect([train.code, train.stderr]).toEqual([0, ""]);
    expect(JSON.parse(train.stdout)).toMatchObject({
      run: path("rl"),
      checkpoint: expect.stringContaining("step-"),
      phases: { final: { n: 4, accuracy: expect.any(Number) } },
    });
    const evaluated = await retool("eval", path("rl"), "--quiet");
    expect([evaluated.code, evaluated.stderr]).toEqual([0, ""]);
    expect(evaluated.stdout).toMatch(/accuracy[^]*avg@1 [^]*sampled at temperature 1, top-p 0\.7; ended: /);
    const loud = await retool("eval", path("rl"));
    expect(loud.stdout).toBe(evaluated.stdout);
  });

  test("quickstart tells where its report is, as text or as JSON", async () => {
    const quickstart = await retool("quickstart", ...small, "--output", path("quick"));
    expect([quickstart.code, quickstart.stderr]).toEqual([0, ""]);
    expect(quickstart.stdout).toMatch(/  after RL .*%[^]*\ncheckpoint: .*\nreport: +.*report\.html\nrollouts: +.*inspect /);
    const json = await retool("quickstart", ...small, "--output", path("quick-json"), "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      report: join(path("quick-json"), "report.html"),
      seed: 1,
      phases: { coldStart: { n: 4 }, final: { n: 4 } },
    });
    const plan = await retool("quickstart", ...small, "--output", path("none"), "--json", "--dry-run");
    expect(JSON.parse(plan.stdout)).toMatchObject({ config: { train: { steps: 1 } }, plan: expect.stringContaining("FLOP") });
  });
});

test("a reader of the progress that stops early does not end the run half-way", async () => {
  const path = join(scratch, "unread");
  const words = ["--preset", "smoke", "--set", "backend=wasm", "--set", "eval.problems=4", "--output", path];
  const { child, ended } = start("cli", ["quickstart", ...words]);
  child.stderr.once("data", () => child.stderr.destroy());
  child.stdout.destroy();
  expect((await ended).code).toBe(0);
  expect(JSON.parse(await readFile(join(path, "summary.json"), "utf8"))).toMatchObject({ phases: { final: { n: 4 } } });
});

test("escapes in names and files never reach the terminal raw", async () => {
  const escape = "\u001b]0;owned\u0007\u001b[31m";
  const hostile = await createRunFolder(join(scratch, "hostile"));
  const record = exampleRecord({ parts: { [escape]: 1, b: 2 }, stopReason: escape as never, phase: escape, family: escape });
  await hostile.writeTrajectories("final", [{ ...record, prediction: escape, groundTruth: escape }]);
  const outputs = await Promise.all([
    retool("inspect", hostile.path),
    retool("inspect", hostile.path, "--json"),
    retool("inspect", `absent${escape}`),
    retool("report", `absent${escape}`),
    retool(`nothing${escape}`),
    retool("train", "--set", `a.b=${escape}`),
    retool("verify", "x", "--rule", escape),
  ]);
  for (const { stdout, stderr } of outputs) for (const raw of ["\u001b", "\u0007"]) expect(stdout + stderr).not.toContain(raw);
  expect(outputs[0].stdout).toContain("␛]0;owned␇");
});

test.each<[string, (run: RunFolder) => Promise<unknown>, RegExp]>([
  [
    "a summary without figures",
    (run) => writeFile(run.file("summary.json"), '{"phases":{"final":{}}}'),
    /summary\.json: expected the summary of a run, found seed: /,
  ],
  [
    "a figure that is text",
    (run) => writeFile(run.file("summary.json"), JSON.stringify({ ...exampleSummary(), seconds: "long" })),
    /found seconds: /,
  ],
  ["a summary that is null", (run) => writeFile(run.file("summary.json"), "null"), /summary\.json: expected the summary/],
  ["a manifest that is a list", (run) => writeFile(run.file("manifest.json"), "[1]"), /manifest\.json: expected a JSON object/],
  [
    "metrics that are objects",
    (run) => writeFile(run.file("metrics.jsonl"), '{"step":1,"a":{}}\n'),
    /metrics\.jsonl:1: expected a JSON object of numbers/,
  ],
  ["metrics that are a list", (run) => writeFile(run.file("metrics.jsonl"), "[]\n"), /metrics\.jsonl:1: expected a JSON object/],
  [
    "a score that is text",
    (run) => run.writeTrajectories("final", [exampleRecord({ score: "1" as never })]),
    /final\.jsonl\.gz:1: .*found score: /,
  ],
  ["a segment without text", (run) => run.writeTrajectories("final", [exampleRecord({ segments: [{}] as never })]), /found segments\.0/],
  ["a call that is null", (run) => run.writeTrajectories("final", [exampleRecord({ toolCalls: [null] as never })]), /found toolCalls\.0/],
  ["no stop reason", (run) => run.writeTrajectories("final", [exampleRecord({ stopReason: 3 as never })]), /found stopReason/],
])("a run folder from elsewhere is told in one message: %s", async (name, write, message) => {
  const foreign = await createRunFolder(join(scratch, `foreign-${name}`));
  await foreign.writeSummary(exampleSummary());
  await write(foreign);
  const { code, stderr } = await retool("report", foreign.path, "--open", "false");
  expect([code, stderr.trim().split("\n").length], stderr).toEqual([2, 1]);
  expect(stderr).toMatch(message);
});

describe("- is standard input", () => {
  async function piped(input: string, ...args: readonly string[]): Promise<Ended> {
    const { child, ended } = start("cli", args);
    child.stdin.end(input);
    return ended;
  }
  const answers = '{"gold":"42","prediction":"\\\\boxed{42}"}\n{"gold":"42","prediction":"41"}\n';
  const conversation = '{"messages":[{"role":"user","content":"2+2?"},{"role":"assistant","content":"<answer>\\\\boxed{4}</answer>"}]}\n';

  test("for verify, data stats and config check", async () => {
    expect((await piped(answers, "verify", "-")).stdout).toBe("correct  1  50.0 %\nwrong  1  50.0 %\n");
    expect((await piped("", "verify", "-")).stderr).toMatch(/^error: verify: stdin: expected at least one row/);
    expect((await piped(conversation, "data", "stats", "-", "--json")).stdout).toContain('"rows": 1');
    expect((await piped("seed: 3\n", "config", "check", "-")).stdout).toBe("-: no mistake found\n");
    const { code, stderr } = await piped("seed: x\ntrain: { setps: 3 }\n", "train", "--config", "-", "--dry-run");
    expect([code, stderr.split("\n")[0]]).toEqual([2, "error: config: 2 mistakes"]);
    expect(stderr).toMatch(/ stdin:1:7: seed: .*\n +stdin:2:10: train\.setps/);
  });

  test("for eval --data and chat", async () => {
    const run = join(scratch, "stdin-model");
    const made = await retool("sft", "--preset", "smoke", "--set", "backend=wasm", "--set", "eval.problems=2", "-q", "--output", run);
    expect(made.stderr).toBe("");
    const rows = '{"question":"6 * 7?","answer":"42"}\n';
    const { code, stdout } = await piped(rows, "eval", run, "--data", "-", "--json", "--quiet");
    expect([code, JSON.parse(stdout).n]).toEqual([0, 1]);
  });
});

describe("exit code 2, with one message", () => {
  test.each([
    ["an unknown command", ["inspct"], /^error: unknown command 'inspct'\n\(Did you mean inspect\?\)\n\(see --help\)\n$/],
    ["an unknown option", ["inspect", "x", "--wrng"], /^error: unknown option '--wrng'\n\(Did you mean --wrong\?\)/],
    ["a missing argument", ["report"], /^error: missing required argument 'run'/],
    ["a bad value", ["inspect", "x", "-n", "many"], /argument 'many' is invalid\. A whole number from 0 is needed\./],
    [
      "a run that is not there",
      ["inspect", "absent"],
      /^error: run folder: absent: expected the folder of a run, found nothing\. To mend it: .*\.\n$/,
    ],
  ])("%s", async (_, args, message) => {
    const { code, stdout, stderr } = await retool(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("    at ");
  });
});

test("exit code 1: an unforeseen failure says how to get the stack", async () => {
  const plain = await start("interrupt", ["fails"]).ended;
  expect(plain.code).toBe(1);
  expect(plain.stderr).toMatch(/^error: .*\nRun again with RETOOL_DEBUG=1 for the stack\.\n$/);
  const { code, stderr } = await start("interrupt", ["fails"], { RETOOL_DEBUG: "1" }).ended;
  expect(code).toBe(1);
  expect(stderr).toContain("    at ");
});

test.skipIf(isWindows)(
  "a sweep in two processes, stopped and begun again, gives what one process gives (skipped on Windows, which has no SIGINT to send)",
  { timeout: 180_000 },
  async () => {
    const file = join(scratch, "two-arms.yaml");
    await writeFile(
      file,
      "presets: [smoke]\nset: [eval.problems=4, train.steps=2]\nseeds: [1]\ncells: {text: [budgets.maxToolCalls=0], tool: []}\nbaseline: text\n",
    );
    const command = (folder: string, processes: string) =>
      ["sweep", file, "--output", join(scratch, folder), "--processes", processes] as const;
    const stopped = start("cli", command("two", "2"));
    while (!existsSync(join(scratch, "two/tool-seed1/metrics.jsonl"))) await setTimeout(50);
    stopped.child.kill("SIGINT");
    const { code, stderr } = await stopped.ended;
    expect([code, stderr]).toEqual([130, expect.any(String)]);
    expect(stderr).toContain("Go on with the same command.");
    const [two, one] = await Promise.all([retool(...command("two", "2")), retool(...command("one", "1"), "--json")]);
    expect([two.code, one.code]).toEqual([0, 0]);
    expect(await readFile(join(scratch, "two/sweep.json"), "utf8")).toBe(await readFile(join(scratch, "one/sweep.json"), "utf8"));
    expect((JSON.parse(one.stdout) as { cells: readonly { name: string }[] }).cells.map(({ name }) => name)).toEqual(["text", "tool"]);
  },
);

test("compare is the sweep of tool RL against text RL", async () => {
  const { code, stdout } = await retool("compare", "--seeds", "1", "--output", join(scratch, "compare"), "--dry-run");
  expect([code, stdout]).toEqual([
    0,
    (await retool("sweep", "tool-or-text", "--seeds", "1", "--output", join(scratch, "compare"), "--dry-run")).stdout,
  ]);
  expect(stdout).toContain("tool-seed1");
});

test("data build killed between replies, and begun again, asks for none of them twice", async () => {
  const reply =
    "<revised_thinking_process>So <code>console.log(6)</code><interpreter>6</interpreter><answer>\\boxed{6}</answer></revised_thinking_process>";
  const rows = Array.from({ length: 8 }, (_, i) => JSON.stringify({ question: `Question ${i}`, answer: "6", reasoning: "Six." }));
  const from = join(scratch, "traces.jsonl");
  await writeFile(from, rows.join("\n"));
  let kill = () => {};
  const server = await chatServer((_, index) => {
    if (index === 4) kill();
    return index === 4 ? "silence" : completion(reply);
  });
  try {
    const build = (out: string, ...more: string[]) =>
      start("cli", ["data", "build", from, "--output", join(scratch, out), "--endpoint", server.url, "--model", "m", ...more]);
    const first = build("build.jsonl", "--concurrency", "1");
    kill = () => void first.child.kill("SIGKILL");
    expect((await first.ended).code).not.toBe(0);
    expect(existsSync(join(scratch, "build.jsonl"))).toBe(false);
    const { code, stdout } = await build("build.jsonl").ended;
    expect([code, stdout.split("\n")[0]]).toEqual([0, `8 of 8 rows written to ${join(scratch, "build.jsonl")}`]);
    expect(server.seen).toHaveLength(9); // eight rows, and the request that the kill cut off
    await build("whole.jsonl").ended;
    expect(await readFile(join(scratch, "build.jsonl"), "utf8")).toBe(await readFile(join(scratch, "whole.jsonl"), "utf8"));
  } finally {
    await server.close();
  }
});

test("exit code 1: a command that waits for what can never come says so", async () => {
  const { code, stdout, stderr } = await start("interrupt", ["waits"]).ended;
  expect([code, stdout]).toEqual([1, "ready\n"]);
  expect(stderr).toContain("waits for something that can never come");
});

describe.skipIf(isWindows)("exit code 130: interrupted (skipped on Windows, which has no SIGINT to send)", () => {
  const notice = "\nStopping; press Ctrl-C again to quit at once.\n";

  async function interrupt(command: string, times: number, signal: "SIGINT" | "SIGTERM" = "SIGINT"): Promise<Ended> {
    const { child, ended } = start("interrupt", [command]);
    child.stdout.once("data", () => child.kill(signal));
    if (times > 1) child.stderr.once("data", () => child.kill(signal));
    return ended;
  }

  test.each([
    ["a command that saves says how to go on", "saves", 1, `${notice}saved; go on with: retool train --resume\n`],
    ["a command that only stops", "stops", 1, `${notice}interrupted\n`],
    ["a command that ends well after the signal", "returns", 1, `${notice}saved by itself\n`],
    ["the second signal ends one that does not listen", "stubborn", 2, notice],
  ])("%s", async (_, command, times, stderr) => {
    expect(await interrupt(command, times)).toEqual({ code: 130, stdout: "ready\n", stderr });
    const polite = stderr.replace("press Ctrl-C again to quit", "a second SIGTERM quits");
    expect(await interrupt(command, times, "SIGTERM")).toEqual({ code: 130, stdout: "ready\n", stderr: polite });
  });
});
