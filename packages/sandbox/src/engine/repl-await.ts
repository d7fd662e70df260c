import type { Node, Pattern, Program, VariableDeclaration } from "acorn";
import type { Cell } from "./cell.js";
import { SourceEdits } from "./source-edits.js";

/** Tells whether a program awaits outside every function. */
export function hasTopLevelAwait(program: Program): boolean {
  let found = false;
  walk(program, (node) => {
    if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && (node as { await?: boolean }).await === true)) found = true;
  });
  return found;
}

/**
 * Wraps a program that awaits into an async function. Its declarations become assignments to globals, and its last
 * statement, when that is an expression, becomes the function's result.
 */
export function asyncCell(source: string, program: Program): Cell {
  const edits = new SourceEdits(source);
  const names = new Set<string>();
  const functions: string[] = [];
  const last = program.body.filter(({ type }) => type !== "EmptyStatement").at(-1);
  if (last?.type === "ExpressionStatement") {
    edits.insert(last.start, "return ("); // the statement's own bounds: its expression may stand in parentheses
    edits.insert(source[last.end - 1] === ";" ? last.end - 1 : last.end, ")");
  }
  for (const statement of program.body) {
    if (statement.type === "FunctionDeclaration" && statement.id !== null) functions.push(statement.id.name);
    if (statement.type === "ClassDeclaration" && statement.id !== null) {
      names.add(statement.id.name);
      edits.insert(statement.start, `void (${statement.id.name} = `);
      edits.insert(statement.end, ");");
    }
    if (statement.type === "VariableDeclaration" && statement.kind !== "var") assign(statement, false, edits, names);
  }
  hoistVars(program, edits, names);
  const declared = names.size > 0 ? `var ${[...names].join(", ")}; ` : "";
  const head = `${declared}(async () => { ${functions.map((name) => `this.${name} = ${name}; `).join("")}`;
  return { code: `${head}${edits.apply()}\n})()`, firstLineShift: head.length };
}

/** Turns every `var` outside functions into assignments. */
function hoistVars(program: Program, edits: SourceEdits, names: Set<string>): void {
  const heads = new Set<Node>();
  walk(program, (node) => {
    const { init, left } = node as { init?: Node; left?: Node };
    if (node.type === "ForStatement" && init != null) heads.add(init);
    if ((node.type === "ForOfStatement" || node.type === "ForInStatement") && left !== undefined) heads.add(left);
    if (node.type !== "VariableDeclaration") return;
    const declaration = node as VariableDeclaration;
    if (declaration.kind === "var") assign(declaration, heads.has(node), edits, names);
  });
}

function assign(declaration: VariableDeclaration, isLoopHead: boolean, edits: SourceEdits, names: Set<string>): void {
  const { kind, start, end, declarations } = declaration;
  for (const { id, init } of declarations) {
    collectNames(id, names);
    if (init == null && kind !== "var") edits.insert(id.end, " = void 0");
  }
  edits.replace(start, start + kind.length, isLoopHead ? " ".repeat(kind.length) : "void (");
  if (!isLoopHead) edits.insert(declarations.at(-1)!.end, ")");
  if (!isLoopHead) edits.endStatement(end);
}

function collectNames(pattern: Pattern, names: Set<string>): void {
  switch (pattern.type) {
    case "Identifier":
      names.add(pattern.name);
      return;
    case "ObjectPattern":
      for (const property of pattern.properties) collectNames(property.type === "Property" ? property.value : property.argument, names);
      return;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element !== null) collectNames(element, names);
      return;
    case "AssignmentPattern":
      collectNames(pattern.left, names);
      return;
    case "RestElement":
      collectNames(pattern.argument, names);
      return;
    case "MemberExpression":
  }
}

/** Visits a node and what it holds, parents first, leaving out the insides of functions. */
function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const child of Object.values(node) as unknown[]) {
    for (const item of Array.isArray(child) ? (child as unknown[]) : [child]) {
      if (isNode(item) && !/Function|^StaticBlock$/.test(item.type)) walk(item, visit);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}
