import { z } from "zod";
import { RecipeConfig } from "./recipe-config.js";

/** Part of a JSON Schema, as far as configs use it. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode | false;
  readonly prefixItems?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

let schema: SchemaNode | undefined;

/** The schema of a whole config as JSON Schema. */
export function recipeSchema(): SchemaNode {
  schema ??= z.toJSONSchema(RecipeConfig, { io: "input" }) as SchemaNode;
  return schema;
}

/** The kinds of values that a node takes; one that is no union has one. */
export function alternatives(node: SchemaNode): readonly SchemaNode[] {
  const inner = node.anyOf ?? node.oneOf;
  return inner === undefined ? [node] : inner.flatMap(alternatives);
}

/** What the schema says of a key; undefined for one that it does not have. A number, or N, is an item of a list. */
export function schemaAt(path: readonly PropertyKey[], node: SchemaNode = recipeSchema()): SchemaNode | undefined {
  return schemasAt(path, node)[0];
}

/** The same of every kind that may stand above the key: `kind` of a problem source has a value of its own in each. */
export function schemasAt(path: readonly PropertyKey[], node: SchemaNode = recipeSchema()): SchemaNode[] {
  const [first, ...rest] = path;
  if (first === undefined) return [node];
  return alternatives(node).flatMap((kind) => {
    const inner = innerNode(kind, String(first));
    return inner === undefined ? [] : schemasAt(rest, inner);
  });
}

function innerNode({ properties = {}, items, prefixItems }: SchemaNode, key: string): SchemaNode | undefined {
  if (Object.hasOwn(properties, key)) return properties[key];
  if (!/^(\d+|N)$/.test(key)) return undefined;
  return prefixItems?.[Number(key)] ?? (items === false ? undefined : items);
}

/** Keys that the schema has at a path, of all kinds that may stand there. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  const node = schemaAt(path);
  return node === undefined ? [] : keysOf(node);
}

/** Keys of a node, of all its kinds. */
export function keysOf(node: SchemaNode): string[] {
  return [...new Set(alternatives(node).flatMap(({ properties = {} }) => Object.keys(properties)))];
}

/** All keys that hold values, with dots between their parts and N for the number of an item. */
export function leafKeys(node: SchemaNode = recipeSchema(), path = ""): string[] {
  const below = (key: string) => (path === "" ? key : `${path}.${key}`);
  const inner = alternatives(node).flatMap(({ properties = {}, items }) => [
    ...Object.entries(properties).flatMap(([key, value]) => leafKeys(value, below(key))),
    ...(items !== undefined && items !== false && keysOf(items).length > 0 ? leafKeys(items, below("N")) : []),
  ]);
  return inner.length === 0 ? [path] : [...new Set(inner)];
}

/** The one key below an object's node that a bare value most likely is meant for: the first that must be there, and takes its type. */
export function keyForValue(node: SchemaNode, value: unknown): string | undefined {
  for (const { properties = {}, required = [] } of alternatives(node)) {
    const key = required.find((name) => alternatives(properties[name]!).some((kind) => isOfType(value, kind)));
    if (key !== undefined) return key;
  }
  return undefined;
}

function isOfType(value: unknown, { type, enum: choices, const: only }: SchemaNode): boolean {
  if (choices !== undefined) return choices.includes(value);
  if (only !== undefined) return value === only;
  return type === "integer" || type === "number" ? typeof value === "number" : type === typeof value;
}
