import { createHash } from "node:crypto";
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { LogRecord, RunFolder } from "@retool-ts/runs";
import { parse } from "yaml";
import { answersDifference, type AnswersDifference } from "./answers-difference.js";

/** A value that two runs do not share, by the path to it; undefined where one has none. */
export interface ValueDifference {
  readonly key: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** A file of two runs. */
export interface FileComparison {
  readonly file: string;
  readonly state: "same" | "differs" | "only in A" | "only in B";
}

/** The metrics of two runs. */
export interface MetricsDifference {
  /** Records of each run, and how many are equal from the beginning. */
  readonly recordsA: number;
  readonly recordsB: number;
  readonly equalRecords: number;
  /** The first record that differs: its place, and the values that do; undefined when none does. */
  readonly first?: { readonly place: string; readonly values: readonly ValueDifference[] };
  /** The last value of every metric whose last values differ. */
  readonly last: readonly ValueDifference[];
}

/** All that tells two runs apart. */
export interface RunDifference {
  readonly config: readonly ValueDifference[];
  /** Program, machine and libraries. */
  readonly environment: readonly ValueDifference[];
  /** Weights, data sets and plugins that were read. */
  readonly data: readonly ValueDifference[];
  readonly metrics: MetricsDifference;
  /** Of two evaluations. */
  readonly answers?: AnswersDifference;
  /** Records, rollouts, and the weights of the newest checkpoints, byte by byte. */
  readonly files: readonly FileComparison[];
}

/** Fields of a manifest that differ between equal runs, or are the config's. */
const OF_NO_ACCOUNT = new Set(["started", "command", "parts", "start", "seed"]);
/** Fields of a manifest that say what was read. */
const DATA = new Set(["model", "datasets", "plugins"]);

/** Compares two run folders by their own files. */
export async function runDifference(a: RunFolder, b: RunFolder): Promise<RunDifference> {
  const manifests = [a, b].map((run) => Object.entries(run.readManifest() ?? {}).filter(([key]) => !OF_NO_ACCOUNT.has(key)));
  const ofData = (isData: boolean) => manifests.map((entries) => Object.fromEntries(entries.filter(([key]) => DATA.has(key) === isData)));
  const [dataA, dataB] = ofData(true);
  const [environmentA, environmentB] = ofData(false);
  const answers = await answersDifference(a, b);
  return {
    config: differences(configOf(a), configOf(b)),
    environment: differences(environmentA, environmentB),
    data: differences(dataA, dataB),
    metrics: metricsDifference(a.readMetrics(), b.readMetrics()),
    ...(answers && { answers }),
    files: compareFiles(await resultFiles(a), await resultFiles(b)),
  };
}

/** True when metrics, rollouts and weights are the same to the byte. */
export function isReproduced({ files }: RunDifference): boolean {
  return files.every(({ state }) => state === "same");
}

/** Settings of a run, or the facts that decide an evaluation. */
function configOf(run: RunFolder): unknown {
  const text = run.readConfig();
  if (text !== undefined) return parse(text) as unknown;
  return existsSync(run.file("eval.json")) ? run.readJson("eval.json") : {};
}

/** Leaves of two values that differ, by their paths, sorted. */
export function differences(a: unknown, b: unknown): ValueDifference[] {
  const [ofA, ofB] = [leaves(a), leaves(b)];
  const keys = [...new Set([...ofA.keys(), ...ofB.keys()])].toSorted();
  return keys.flatMap((key) => {
    const difference = { key, a: ofA.get(key), b: ofB.get(key) };
    return JSON.stringify(difference.a) === JSON.stringify(difference.b) ? [] : [difference];
  });
}

function leaves(value: unknown, path = "", found = new Map<string, unknown>()): Map<string, unknown> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 && path !== "") found.set(path, value);
  for (const [key, inner] of entries) leaves(inner, path === "" ? key : `${path}.${key}`, found);
  return found;
}

/** Where two logs part, and how they end. */
export function metricsDifference(a: readonly LogRecord[], b: readonly LogRecord[]): MetricsDifference {
  const all = Math.min(a.length, b.length);
  let equalRecords = 0;
  while (equalRecords < all && differences(a[equalRecords], b[equalRecords]).length === 0) equalRecords++;
  const counts = { recordsA: a.length, recordsB: b.length, equalRecords };
  const last = differences(lastValues(a), lastValues(b));
  if (equalRecords === all) return { ...counts, last };
  const { phase, step } = a[equalRecords]!;
  const place = `record ${equalRecords + 1} (${String(phase)}, step ${String(step)})`;
  return { ...counts, first: { place, values: differences(a[equalRecords], b[equalRecords]) }, last };
}

function lastValues(records: readonly LogRecord[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const record of records) for (const [name, value] of Object.entries(record)) if (name.includes("/")) values[name] = value;
  return values;
}

/** Results of a run that equal runs share to the byte: their hashes by name. */
async function resultFiles(run: RunFolder): Promise<Map<string, string>> {
  const newest = (await run.latestCheckpoint())?.path;
  const weights = newest === undefined ? [] : readdirSync(newest).filter((name) => name.endsWith(".safetensors"));
  const files = [
    ["metrics.jsonl", run.file("metrics.jsonl")],
    ...(await run.trajectoryFiles()).map((path) => [`trajectories/${path.slice(run.file("trajectories").length + 1)}`, path]),
    ...weights.map((name) => [`newest checkpoint/${name}`, join(newest!, name)]),
  ] as [string, string][];
  return new Map(files.filter(([, path]) => existsSync(path)).map(([name, path]) => [name, hashOf(path)]));
}

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function compareFiles(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): FileComparison[] {
  return [...new Set([...a.keys(), ...b.keys()])].map((file) => {
    const [ofA, ofB] = [a.get(file), b.get(file)];
    return { file, state: ofA === ofB ? "same" : ofB === undefined ? "only in A" : ofA === undefined ? "only in B" : "differs" };
  });
}
