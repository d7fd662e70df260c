import type { Problem } from "@retool-ts/data";
import { CODE_INTERPRETER } from "@retool-ts/rollout";
import type { RecipeConfig } from "../config/recipe-config.js";
import { hashModel, hashText } from "../setup/hash-files.js";

/** Facts that decide the figures of an evaluation, flat: an evaluation goes on only where all of them are the same. */
export type EvalIdentity = Readonly<Record<string, string | number | boolean | null>>;

/** @param folder - of the checkpoint, or its `.gguf` file. */
export async function evalIdentity(config: RecipeConfig, folder: string, problems: readonly Problem[]): Promise<EvalIdentity> {
  return identityOf({ weights: await hashModel(folder) }, config, problems);
}

/** @param subject - facts that tell the model from others. */
export function identityOf(subject: EvalIdentity, config: RecipeConfig, problems: readonly Problem[]): EvalIdentity {
  const { seed, backend, prompt, dialect, sandbox, budgets, reward, tools, eval: protocol } = config;
  const { workers: _, ...limits } = sandbox; // how many run at once changes no result
  return {
    ...subject,
    problems: hashText(problems.map(({ id, question, answer }) => JSON.stringify([id, question, answer])).join("\n")),
    ...(tools.join() === CODE_INTERPRETER ? {} : { tools: tools.join() }), // left out where it is the usual one, as older folders have it
    ...flatten({ seed, backend, prompt, dialect, sandbox: limits, budgets, reward, eval: { ...protocol, problems: problems.length } }),
  };
}

/** The first fact that differs, undefined when none does. */
export function firstDifference(kept: EvalIdentity, asked: EvalIdentity): string | undefined {
  return [...new Set([...Object.keys(kept), ...Object.keys(asked)])].find((key) => kept[key] !== asked[key]);
}

function flatten(value: unknown, path = ""): Record<string, string | number | boolean | null> {
  if (typeof value !== "object" || value === null) return { [path]: value as string | number | boolean | null };
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flatten(inner, path === "" ? key : `${path}.${key}`)));
}
