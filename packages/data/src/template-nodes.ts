/** A node of a parsed template; what kind it is stands in `type`. */
export type Node = Readonly<Record<string, unknown>>;

/** A name or a field of one, which may be looked up twice. */
export function isPlain({ type, computed, object, property }: Node): boolean {
  if (type === "Identifier" || type === "StringLiteral" || type === "IntegerLiteral") return true;
  return type === "MemberExpression" && isPlain(object as Node) && (computed !== true || isPlain(property as Node));
}

/** `operand is name`. */
export function test(operand: Node, name: string): Node {
  return { type: "TestExpression", operand, negate: false, test: { type: "Identifier", value: name } };
}

/** `trueExpr if condition else falseExpr`. */
export function ternary(condition: Node, trueExpr: Node, falseExpr: Node): Node {
  return { type: "Ternary", condition, trueExpr, falseExpr };
}

/** A string. */
export function text(value: string): Node {
  return { type: "StringLiteral", value };
}
