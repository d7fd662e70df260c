import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleRecord, exampleSummary } from "../test/example-run.js";
import { checkSummary, checkTrajectory } from "./check-record.js";
import { RunFolder } from "./run-folder.js";

/** A copy with another value at a dotted path. */
function changed(value: unknown, path: string, other: unknown): unknown {
  const copy = structuredClone(value) as Record<string, unknown>;
  const names = path.split(".");
  let at = copy;
  for (const name of names.slice(0, -1)) at = at[name] as Record<string, unknown>;
  at[names.at(-1)!] = other;
  return copy;
}

describe("records from anywhere", () => {
  test("what a run writes passes, and numbers that JSON could not hold", () => {
    expect(checkTrajectory(exampleRecord())).toEqual(exampleRecord());
    expect(checkSummary(exampleSummary())).toEqual(exampleSummary());
    expect(checkTrajectory({ ...exampleRecord(), advantage: null })).toEqual(exampleRecord());
    expect(checkTrajectory({ ...exampleRecord(), score: null, parts: { outcome: null } })).toEqual({
      ...exampleRecord(),
      score: Number.NaN,
      parts: { outcome: Number.NaN },
    });
    expect(() => checkSummary(changed(exampleSummary(), "phases.final.codePassRate", null))).not.toThrow();
  });

  test.each([
    ["score", "0.5", 'score: expected number, found "0.5"'],
    ["correct", 1, "correct: expected boolean, found 1"],
    ["stopReason", undefined, "stopReason: expected string, found nothing"],
    ["prediction", { toString: 1 }, 'prediction: expected string, found {"toString":1}'],
    ["parts.outcome", "1", 'parts.outcome: expected number, found "1"'],
    ["segments.0", "x", 'segments.0: expected object, found "x"'],
    ["segments.1.text", 5, "segments.1.text: expected string, found 5"],
    ["segments.1.kind", "system", 'segments.1.kind: expected one of "prompt"|"model"|"tool", found "system"'],
    ["toolCalls.0.result", [], "toolCalls.0.result: expected string, found []"],
    ["family", 3, "family: expected string, found 3"],
  ])("a rollout with another %s", (path, value, message) => {
    expect(() => checkTrajectory(changed(exampleRecord(), path, value))).toThrow(message);
  });

  test.each([
    ["phases.final.accuracy", "high", 'phases.final.accuracy: expected number, found "high"'],
    ["phases.final.ci95", [1], "phases.final.ci95"],
    ["phases.final.levels.1", 7, "phases.final.levels.1: expected object, found 7"],
    ["model", null, "model: expected object, found null"],
  ])("a summary with another %s", (path, value, message) => {
    expect(() => checkSummary(changed(exampleSummary(), path, value))).toThrow(message);
  });
});

describe("a folder from anywhere", () => {
  let path: string;
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "retool-strange-"));
    await mkdir(join(path, "trajectories"));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));

  test("wrong types are told with the file, and the line", async () => {
    const run = new RunFolder(path);
    await writeFile(run.file("summary.json"), '{"phases": []}');
    expect(() => run.readSummary()).toThrow(/summary\.json.*seed: expected number, found nothing/s);
    await writeFile(run.file("manifest.json"), "[1]");
    expect(() => run.readManifest()).toThrow(/manifest\.json.*expected a JSON object/s);
    await writeFile(run.file("metrics.jsonl"), '{"step":1}\n');
    for (const line of ["5", "null", "[1]", '{"step":{"a":1}}']) {
      await appendFile(run.file("metrics.jsonl"), `${line}\n`);
      expect(() => run.readMetrics()).toThrow(/metrics\.jsonl:2.*numbers and texts/s);
      await writeFile(run.file("metrics.jsonl"), '{"step":1}\n');
    }
    const lines = [exampleRecord(), { ...exampleRecord(), turns: "two" }].map((record) => `${JSON.stringify(record)}\n`);
    await writeFile(run.file("trajectories", "final.jsonl"), lines.join(""));
    const [file] = await run.trajectoryFiles();
    const { readTrajectories } = await import("./trajectory-file.js");
    await expect(readTrajectories(file!)).rejects.toThrow(/final\.jsonl:2.*turns: expected number, found "two"/s);
  });
});
