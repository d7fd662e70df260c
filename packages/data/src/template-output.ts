import { isPlain, ternary, test, text, type Node } from "./template-nodes.js";

/** Statements; every other node of a block is an expression that is written, or text. */
const STATEMENTS: ReadonlySet<unknown> = new Set(["If", "For", "Set", "Macro", "Break", "Continue", "CallStatement", "FilterStatement", "Comment", "StringLiteral"]); // prettier-ignore

/** Lists of nodes that are written one after the other. */
const BLOCKS = ["body", "alternate", "defaultBlock"] as const;

/** Name of a value while it is written: no template can spell it. */
const WRITTEN = { type: "Identifier", value: "value to write" };

/**
 * A parsed Jinja template that writes truth values and null, and makes texts of them with `| string`, as Python does: `True`, `False` and
 * `None`. The library has `true` and `false`, and nothing.
 */
export function withPythonConstants<T>(node: T): T {
  if (Array.isArray(node)) {
    for (const child of node) withPythonConstants(child);
    return node;
  }
  if (typeof node !== "object" || node === null) return node;
  for (const child of Object.values(node)) withPythonConstants(child);
  for (const key of BLOCKS) {
    const block = (node as Node)[key];
    if (Array.isArray(block)) Object.assign(node, { [key]: (block as Node[]).flatMap(written) });
  }
  const { type, filter, operand } = node as Node;
  if (type === "FilterExpression" && (filter as Node)["value"] === "string" && isPlain(operand as Node)) {
    const asText = { ...(node as Node) };
    Object.assign(node, pythonText(operand as Node, asText));
  }
  return node;
}

/** `{{ value }}` as `{% set written = value %}`, so that it is computed once, and what {@link pythonText} makes of that. */
function written(node: Node): Node[] {
  if (STATEMENTS.has(node["type"])) return [node];
  return [{ type: "Set", assignee: WRITTEN, value: node, body: [] }, pythonText(WRITTEN, WRITTEN)];
}

/** `True` or `False` for a truth value, `None` for null, else what is given. */
function pythonText(value: Node, otherwise: Node): Node {
  const truth = ternary(value, text("True"), text("False"));
  return ternary(test(value, "boolean"), truth, ternary(test(value, "none"), text("None"), otherwise));
}
