import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "@retool-ts/core";
import type { Agent } from "@retool-ts/serve";

/**
 * Imports an agent.
 *
 * @param file - a module whose default export, or export `agent`, is the agent
 * @throws InputError when it is not there, cannot be imported or has no agent.
 */
export async function loadAgent(file: string): Promise<Agent> {
  const path = resolve(file);
  if (!existsSync(path)) throw refuse(file, "a module", "no such file", "check the path after --agent");
  if (statSync(path).isDirectory()) throw refuse(file, "a module", "a folder", "name the file in it");
  let module: Exports;
  try {
    module = (await import(pathToFileURL(path).href)) as Exports;
  } catch (cause) {
    const isTypeScript = cause instanceof Error && (cause as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION";
    const fix = isTypeScript ? "compile it to JavaScript, or run it on a Node that strips types (22.18 or newer)" : "correct the module";
    throw refuse(file, "a module that can be imported", saidBy(cause), fix, cause);
  }
  const agent = functionOf(module) ?? functionOf(module.default);
  if (agent !== undefined) return agent;
  throw refuse(file, "a function as default export", namesOf(module), "write: export default async ({ problem, baseURL }) => score");
}

type Exports = Readonly<Record<string, unknown>>;

/** The agent among a module's exports; those of CommonJS are the default export of the module that Node makes of it. */
function functionOf(exports: unknown): Agent | undefined {
  if (typeof exports !== "object" || exports === null) return undefined;
  const { default: first, agent } = exports as Exports;
  return [first, agent].find((each) => typeof each === "function") as Agent | undefined;
}

/** A module can throw anything. */
function saidBy(cause: unknown): string {
  if (cause instanceof Error) return String(cause.message).split("\n")[0]!;
  return typeof cause === "string" ? cause.slice(0, 200) : `a module that throws ${cause === null ? "null" : typeof cause}`;
}

function namesOf(module: Exports): string {
  const all = Object.entries(module).map(([name, value]) => `${name} (${typeof value})`);
  return all.length === 0 ? "no export" : all.slice(0, 10).join(", ");
}

function refuse(where: string, expected: string, found: string, fix: string, cause?: unknown): InputError {
  return new InputError({ what: "agent", where, expected, found, fix }, { cause });
}
