import { InputError, nearestName } from "@retool-ts/core";
import { namedFamilies, type TaskFamily, type TaskSourceOptions } from "@retool-ts/data";
import { loadPlugins } from "../config/load-plugins.js";
import type { ProblemSourceConfig } from "../config/problem-source-config.js";
import type { RecipeConfig } from "../config/recipe-config.js";

/**
 * Which generated problems a source means; families may be a plugin's.
 *
 * @throws InputError when a family has no such name.
 */
export async function tasksOf(
  config: Pick<RecipeConfig, "plugins">,
  source: ProblemSourceConfig,
): Promise<Omit<TaskSourceOptions, "seed" | "split">> {
  if (source.kind !== "generated") return {};
  const { levelWeights, wordings, families } = source;
  return { levelWeights, wordings, ...(families && { families: await familiesOf(config, families) }) };
}

/**
 * Families by name: ours, and those of plugins.
 *
 * @throws InputError when there is none of that name.
 */
export async function familiesOf({ plugins }: Pick<RecipeConfig, "plugins">, names: readonly string[]): Promise<TaskFamily[]> {
  const { families: own } = await loadPlugins(plugins);
  const known = new Map([...namedFamilies.map((family) => [family.name, family] as const), ...[...own].map(([name, family]) => [name, { ...family, name, generate: (...request) => family.generate(...request) } satisfies TaskFamily] as const)]); // prettier-ignore
  return names.map((name) => {
    const family = known.get(name);
    if (family !== undefined) return family;
    const near = nearestName(name, [...known.keys()]);
    throw new InputError({
      what: "config",
      where: "data: families",
      expected: `names among ${[...known.keys()].join(", ")}`,
      found: `"${name}"`,
      fix: near === undefined ? "name one of these families, or a module that has it with --plugin FILE" : `write "${near}"`,
    });
  });
}
