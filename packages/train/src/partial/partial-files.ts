import { readdir, rm } from "node:fs/promises";
import type { RunState } from "../train-state.js";
import type { RunFolder } from "@retool-ts/runs";

/** Name of the journal of a step's rollouts; steps below 0 are those of the critic's pretraining, as in `CollectRequest`. */
export function partialName(step: number): string {
  return step >= 0 ? `rl-${padded(step)}` : `critic-${padded(-1 - step)}`;
}

/** Path of a journal in a run folder. */
export function partialPath(run: RunFolder, name: string): string {
  return run.file("partial", `${name}.jsonl`);
}

/** Removes the journals that a checkpoint makes needless: all but those of later steps. */
export async function prunePartials(run: RunFolder, state: RunState): Promise<void> {
  const names = await readdir(run.file("partial")).catch(() => []);
  const needless = names.filter((name) => !isLater(name, state));
  for (const name of needless) await rm(run.file("partial", name), { force: true });
  if (names.length > 0 && needless.length === names.length) await rm(run.file("partial"), { recursive: true, force: true });
}

/** Removes one journal, and with the last one their folder. */
export async function removePartial(run: RunFolder, name: string): Promise<void> {
  await rm(partialPath(run, name), { force: true });
  const left = await readdir(run.file("partial")).catch(() => [name]);
  if (left.length === 0) await rm(run.file("partial"), { recursive: true, force: true });
}

function isLater(name: string, state: RunState): boolean {
  const [, kind, step] = /^(rl|critic)-(\d+)/.exec(name) ?? [];
  if (state.phase === "sft" || kind === undefined) return false;
  return Number(step) >= (kind === "rl" ? state.step : (state.criticSteps ?? 0));
}

function padded(step: number): string {
  return String(step).padStart(6, "0");
}
