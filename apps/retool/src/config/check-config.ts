import { InputErrors, nearestName, type InputProblem } from "@retool-ts/core";
import { configMistakes, valueAt, type ConfigMistake } from "@retool-ts/train";
import { RecipeConfig } from "./recipe-config.js";
import { keyForValue, knownKeys, leafKeys, schemaAt } from "./schema-facts.js";
import { withSourceKinds } from "./source-kinds.js";

/** Names the place of a key, and of its value where that is what is wrong. */
export type WhereOf = (path: readonly PropertyKey[], part: "key" | "value") => string;

/** Names a key in the caller's terms, such as an option that it comes from. */
export type NameOf = (path: readonly PropertyKey[]) => string;

const dotted: NameOf = (path) => path.join(".");

/**
 * Checks an object as a config.
 *
 * @throws InputErrors for all mistakes in it.
 */
export function checkConfig(value: unknown, where: WhereOf, nameOf: NameOf = dotted): RecipeConfig {
  const { config, problems } = configProblems(value, where, nameOf);
  if (config === undefined) throw new InputErrors(problems);
  return config;
}

/** The config that an object is, or else all that is wrong with it. */
export function configProblems(
  value: unknown,
  where: WhereOf,
  nameOf: NameOf = dotted,
): { readonly config: RecipeConfig | undefined; readonly problems: readonly InputProblem[] } {
  const parsed = RecipeConfig.safeParse(withSourceKinds(value));
  if (parsed.success) return { config: parsed.data, problems: [] };
  const problems = configMistakes(parsed.error.issues, value).map((mistake) =>
    mistake.isUnknownKey ? unknownKey(mistake, where) : wrongValue(mistake, value, where, nameOf),
  );
  return { config: undefined, problems };
}

/** Says that a group is too small for the advantage. */
export function groupProblem(where: string, expected: string): InputProblem {
  return { what: "config", where, expected, found: "1", fix: "set train.groupSize to such a value" };
}

function unknownKey({ path }: ConfigMistake, where: WhereOf): InputProblem {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const known = knownKeys(parent);
  const near = nearestName(key, known);
  const elsewhere = leafKeys().filter((name) => name.endsWith(`.${key}`));
  const owner = parent.length === 0 ? "a config" : parent.join(".");
  const fix = near === undefined ? (elsewhere.length > 0 ? `write ${elsewhere.slice(0, 3).join(" or ")}` : "correct or remove the key") : `write "${near}"`; // prettier-ignore
  return {
    what: "config",
    where: where(path, "key"),
    expected: near === undefined && known.length > 0 ? `one of the keys ${known.join(", ")}` : `a key of ${owner}`,
    found: `unknown key "${path.join(".")}"`,
    fix,
  };
}

function wrongValue({ path, expected, found }: ConfigMistake, config: unknown, where: WhereOf, nameOf: NameOf): InputProblem {
  const key = nameOf(path);
  const node = schemaAt(path);
  const value = valueAt(config, path);
  const inner = node && typeof value !== "object" && value !== undefined ? keyForValue(node, value) : undefined;
  return {
    what: "config",
    where: where(path, "value"),
    expected: inner === undefined ? expected : `the keys ${knownKeys(path).join(", ")}`,
    found,
    fix:
      inner === undefined
        ? value === undefined
          ? `add ${key}`
          : `set ${key || "the config"} to such a value`
        : `write ${key}.${inner}=${found} with --set, ${String(path.at(-1))}: { ${inner}: ${found} } in a file`,
  };
}
