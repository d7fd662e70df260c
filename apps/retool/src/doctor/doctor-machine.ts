import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { arch, availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import type { DoctorCheck } from "./doctor-check.js";
import { formatBytes } from "@retool-ts/report";
import { nodeVersionProblem } from "../shell/node-version.js";

/** Below these the tiny recipe cannot finish. */
const LEAST_MEMORY_BYTES = 700 * 2 ** 20;
const LEAST_DISK_BYTES = 100 * 2 ** 20;

/** Node, platform, cores and memory. */
export function checkMachine(): DoctorCheck[] {
  const nodeProblem = nodeVersionProblem(process.versions.node);
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const cores = availableParallelism();
  const memory = usableMemory();
  const isEnough = memory >= LEAST_MEMORY_BYTES;
  return [
    {
      name: "Node",
      status: nodeProblem === undefined ? "ok" : "problem",
      detail: process.versions.node,
      ...(nodeProblem === undefined ? {} : { fix: "install Node 20.19 or newer" }),
    },
    { name: "platform", status: "info", detail: `${platform()} ${arch()} ${release()}`, facts: { platform: platform(), arch: arch() } },
    { name: "processor", status: "info", detail: `${cores} ${cores === 1 ? "core" : "cores"}, ${model}`, facts: { cores, model } },
    {
      name: "memory",
      status: isEnough ? "ok" : "problem",
      detail: `${formatBytes(memory)} for this process`,
      ...(isEnough ? {} : { fix: `give it at least ${formatBytes(LEAST_MEMORY_BYTES)}` }),
      facts: { bytes: memory },
    },
  ];
}

/** Memory of the machine, or less where a container is held to less. */
function usableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Room and permission for runs, at the folder or where it would be made. */
export async function checkDisk(runs: string): Promise<DoctorCheck> {
  const name = "runs folder";
  let folder = resolve(runs);
  while ((await stat(folder).catch(() => undefined)) === undefined && dirname(folder) !== folder) folder = dirname(folder);
  try {
    if (!(await stat(folder)).isDirectory()) throw new Error("not a folder");
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${formatBytes(free)} free at ${runs}`;
    if (free >= LEAST_DISK_BYTES) return { name, status: "ok", detail, facts: { freeBytes: free } };
    return {
      name,
      status: "problem",
      detail,
      fix: `free at least ${formatBytes(LEAST_DISK_BYTES)}, or pass another --output`,
      facts: { freeBytes: free },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      name,
      status: "problem",
      detail: `${runs} cannot be written: ${reason}`,
      fix: "pass a folder that can be written as --output",
    };
  }
}
