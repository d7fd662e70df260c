import { PRESET_TABLE } from "./presets.js";
import { recipeSchema, type SchemaNode } from "./schema-facts.js";

/** A JSON Schema as an object to print. */
type Schema = Readonly<Record<string, unknown>>;

/** The key of a config file that names a recipe to start from, with the meaning of each. */
export const PRESET_SCHEMA = {
  description: "Recipe to start from; the other keys go over it.",
  default: "tiny",
  oneOf: Object.entries(PRESET_TABLE).map(([name, { meaning, needs }]) => ({ const: name, description: `${meaning}; needs ${needs}` })),
} as const;

/** The JSON Schema of config files, for editors. Files go over a preset, so every key may be left out, but for those of a whole item of a list. */
export function configFileSchema(): Schema {
  const { properties = {}, ...rest } = inPart(recipeSchema(), false) as SchemaNode;
  return { ...rest, title: "Config of retool", properties: { preset: PRESET_SCHEMA, ...properties } };
}

/** @param isWhole - in an item of a list, which stands over nothing */
function inPart(node: SchemaNode, isWhole: boolean): Schema {
  const { required, oneOf, anyOf, properties, items, ...rest } = node;
  const kinds = oneOf ?? anyOf;
  const own = {
    ...rest,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, inPart(inner, isWhole)])) }),
    ...(kinds && { anyOf: kinds.map((kind) => inPart(kind, isWhole)) }), // without their keys, two kinds may both fit
    ...(required && isWhole && { required: required.filter((key) => key !== "kind") }),
  };
  if (items === undefined || items === false) return items === undefined ? own : { ...own, items };
  const list = { ...own, items: inPart(items, true) };
  if (node.type !== "array" || isScalar(items)) return list;
  const { description, default: usual, ...kind } = list as Record<string, unknown>;
  const byNumber = { type: "object", patternProperties: { "^\\d+$": inPart(items, false) }, additionalProperties: false };
  return { ...(description !== undefined && { description }), ...(usual !== undefined && { default: usual }), anyOf: [kind, byNumber] };
}

function isScalar({ properties, anyOf, oneOf }: SchemaNode): boolean {
  return properties === undefined && anyOf === undefined && oneOf === undefined;
}
