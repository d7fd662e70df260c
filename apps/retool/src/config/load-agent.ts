import { existsSync } from "node:fs";
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
  let module: { readonly default?: unknown; readonly agent?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (cause) {
    const isTypeScript = (cause as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION";
    const fix = isTypeScript ? "compile it to JavaScript, or run it on a Node that strips types (22.18 or newer)" : "correct the module";
    throw refuse(file, "a module that can be imported", (cause as Error).message.split("\n")[0]!, fix, cause);
  }
  const agent = module.default ?? module.agent;
  if (typeof agent === "function") return agent as Agent;
  throw refuse(file, "a function as default export", typeof agent, "write: export default async ({ problem, baseURL }) => score");
}

function refuse(where: string, expected: string, found: string, fix: string, cause?: unknown): InputError {
  return new InputError({ what: "agent", where, expected, found, fix }, { cause });
}
