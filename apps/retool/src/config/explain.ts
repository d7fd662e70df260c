import { InputError, nearestName } from "@retool-ts/core";
import { PRESET_SCHEMA } from "./file-schema.js";
import { alternatives, keysOf, leafKeys, recipeSchema, schemaAt, schemasAt, type SchemaNode } from "./schema-facts.js";

/** What a key of a config is. */
export interface Explanation {
  readonly key: string;
  readonly meaning: string;
  readonly type: string;
  /** Absent where a value must be given, or the parts have defaults of their own. */
  readonly default?: unknown;
  /** Values that it takes, or keys that it has, with what they mean. */
  readonly values?: Readonly<Record<string, string>>;
  readonly keys?: Readonly<Record<string, string>>;
}

/**
 * Says what a key is.
 *
 * @param key - with dots between its parts; a number or N is an item of a list, and "" the whole config
 * @throws InputError for a key that configs do not have.
 */
export function explain(key: string): Explanation {
  if (key === "preset") {
    const values = Object.fromEntries(PRESET_SCHEMA.oneOf.map(({ const: name, description }) => [name, description]));
    return { key, meaning: PRESET_SCHEMA.description, type: "text", default: PRESET_SCHEMA.default, values };
  }
  const nodes = key === "" ? [recipeSchema()] : schemasAt(key.split("."));
  const [node] = nodes;
  if (node === undefined) throw unknownKey(key);
  const keys = Object.fromEntries(keysOf(node).map((name) => [name, firstSentence(schemaAt([name], node)!)]));
  const choices = nodes.flatMap(alternatives).flatMap(({ enum: all = [], const: only }) => [...all, ...(only === undefined ? [] : [only])]);
  const hasKeys = Object.keys(keys).length > 0;
  return {
    key: key === "" ? "config" : key,
    meaning: node.description ?? (key === "" ? "Everything that decides a run." : ""),
    type: [...new Set(alternatives(node).map(typeText))].join(" or "),
    ...(node.default !== undefined && !(hasKeys && typeof node.default === "object" && node.default !== null) && { default: node.default }),
    ...(choices.length > 0 && !hasKeys && { values: Object.fromEntries(choices.map((choice) => [String(choice), ""])) }),
    ...(hasKeys && { keys: key === "" ? { preset: PRESET_SCHEMA.description, ...keys } : keys }),
  };
}

/** An explanation as text. */
export function explanationText({ key, meaning, type, values, keys, ...rest }: Explanation): string {
  const usual = !("default" in rest) ? (keys === undefined ? "none: it must be given, or a preset gives it" : "those of its keys") : JSON.stringify(rest.default); // prettier-ignore
  const facts = [`${key}: ${meaning}`, `  type     ${type}`, `  default  ${usual}`];
  const list = (title: string, all: Readonly<Record<string, string>>) => {
    const width = Math.max(...Object.keys(all).map((name) => name.length));
    const rows = Object.entries(all).map(([name, words]) => `    ${name.padEnd(width)}  ${words}`.trimEnd());
    return [`  ${title}`, ...rows];
  };
  return [...facts, ...(values ? list("values", values) : []), ...(keys ? list("keys", keys) : [])].join("\n");
}

function firstSentence({ description = "" }: SchemaNode): string {
  return description;
}

function typeText({
  type,
  enum: choices,
  const: only,
  items,
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  pattern,
}: SchemaNode): string {
  if (choices !== undefined || only !== undefined) return typeof (only ?? choices![0]) === "number" ? "number" : "text";
  switch (type ?? "anything") {
    case "integer":
    case "number": {
      const bounds = [
        ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
        ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? [] : [`from ${minimum}`]),
        ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? [] : [`up to ${maximum}`]),
        ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
      ];
      return [type === "integer" ? "whole number" : "number", ...bounds].join(" ");
    }
    case "string":
      return pattern === undefined ? "text" : `text that matches /${pattern}/`;
    case "boolean":
      return "true or false";
    case "array":
      return items === undefined || items === false ? "list" : `list of ${[...new Set(alternatives(items).map(typeText))].join(" or ")}`;
    case "object":
      return "keys with values";
    default:
      return type ?? "anything";
  }
}

function unknownKey(key: string): InputError {
  const known = ["preset", ...leafKeys()];
  const near = nearestName(key, known) ?? known.find((name) => name.endsWith(`.${key}`));
  return new InputError({
    what: "config explain",
    where: "KEY",
    expected: "a key of a config",
    found: `"${key}"`,
    fix: near === undefined ? "name one; retool config explain without a key lists those at the top" : `write ${near}`,
  });
}
