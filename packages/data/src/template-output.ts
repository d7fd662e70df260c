/** A node of a parsed template; what kind it is stands in `type`. */
type Node = Readonly<Record<string, unknown>>;

/** Statements; every other node of a block is an expression that is written, or text. */
const STATEMENTS: ReadonlySet<unknown> = new Set(["If", "For", "Set", "Macro", "Break", "Continue", "CallStatement", "FilterStatement", "Comment", "StringLiteral"]); // prettier-ignore

/** Lists of nodes that are written one after the other. */
const BLOCKS = ["body", "alternate", "defaultBlock"] as const;

/** Name of a value while it is written: no template can spell it. */
const WRITTEN = { type: "Identifier", value: "value to write" };

/**
 * A parsed Jinja template that writes truth values, and makes texts of them with `| string`, as Python does: `True` and `False`. The library
 * has `true` and `false`.
 */
export function withPythonTruths<T>(node: T): T {
  if (Array.isArray(node)) {
    for (const child of node) withPythonTruths(child);
    return node;
  }
  if (typeof node !== "object" || node === null) return node;
  for (const child of Object.values(node)) withPythonTruths(child);
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

/** `{{ value }}` as `{% set written = value %}{{ ("True" if written else "False") if written is boolean else written }}`, so that it is computed once. */
function written(node: Node): Node[] {
  if (STATEMENTS.has(node["type"])) return [node];
  return [{ type: "Set", assignee: WRITTEN, value: node, body: [] }, pythonText(WRITTEN, WRITTEN)];
}

/** `True` or `False` for a truth value, else what is given. */
function pythonText(value: Node, otherwise: Node): Node {
  const condition = { type: "TestExpression", operand: value, negate: false, test: { type: "Identifier", value: "boolean" } };
  const truth = { type: "Ternary", condition: value, trueExpr: text("True"), falseExpr: text("False") };
  return { type: "Ternary", condition, trueExpr: truth, falseExpr: otherwise };
}

/** A name or a field of one, which may be looked up twice. */
function isPlain({ type, computed, object, property }: Node): boolean {
  if (type === "Identifier" || type === "StringLiteral") return true;
  return type === "MemberExpression" && isPlain(object as Node) && (computed !== true || isPlain(property as Node));
}

function text(value: string): Node {
  return { type: "StringLiteral", value };
}
