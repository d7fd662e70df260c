import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** `step-000010`: names that sort by step. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, "0")}`;
}

/** A finished checkpoint: its folder has a `state.json`. */
export interface Checkpoint {
  readonly step: number;
  readonly path: string;
}

/** Names in a folder, sorted; none when it is not there. */
export async function listFolder(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).sort();
}

/** Entries named by {@link stepName}, lowest step first. */
export async function listSteps(path: string): Promise<Checkpoint[]> {
  const steps = (await listFolder(path)).flatMap((name) => {
    const step = /^step-(\d+)(?:\.|$)/.exec(name)?.[1];
    return step === undefined ? [] : [{ step: Number(step), path: join(path, name) }];
  });
  return steps.sort((a, b) => a.step - b.step);
}

/** Takes away what a killed process was writing. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
}

/** `state.json` goes first, so that a half-removed checkpoint does not count as finished. */
export async function removeCheckpoint(path: string): Promise<void> {
  await rm(join(path, "state.json"), { force: true });
  await rm(path, { recursive: true, force: true });
}
