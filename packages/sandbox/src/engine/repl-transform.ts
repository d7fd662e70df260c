import { parse, type ClassDeclaration, type Program, type VariableDeclaration } from "acorn";
import { CellSyntaxError, type Cell } from "./cell.js";
import { asyncCell, hasTopLevelAwait } from "./repl-await.js";
import { SourceEdits } from "./source-edits.js";

/**
 * Gives a cell the meaning it has in a REPL: top-level `let`, `const` and `class` may be declared again by a later
 * cell, `await` is allowed, and a cell that reads as an object literal is one.
 */
export function transformCell(source: string): Cell {
  const text = escapeLoneSurrogates(source);
  const literal = /^\s*\{/.test(text) && !/;\s*$/.test(text) ? `(${text}\n)` : undefined;
  if (literal !== undefined && parses(literal)) return { code: literal, firstLineShift: 1 };
  const program = parseCell(text);
  if (hasTopLevelAwait(program)) return asyncCell(text, program);
  const edits = new SourceEdits(text);
  for (const statement of program.body) {
    if (statement.type === "VariableDeclaration" && statement.kind !== "var") redeclare(statement, edits);
    if (statement.type === "ClassDeclaration") redeclareClass(statement as ClassDeclaration, edits);
  }
  return { code: edits.apply(), firstLineShift: 0 };
}

function redeclare({ kind, start, end, declarations }: VariableDeclaration, edits: SourceEdits): void {
  edits.replace(start, start + kind.length, "var".padEnd(kind.length));
  for (const { id, init } of declarations) if (init == null) edits.insert(id.end, " = void 0");
  edits.endStatement(end);
}

function redeclareClass({ start, end, id }: ClassDeclaration, edits: SourceEdits): void {
  edits.insert(start, `var ${id.name} = `);
  edits.insert(end, ";");
}

function parseCell(text: string): Program {
  try {
    return parse(text, { ecmaVersion: "latest", sourceType: "script", allowAwaitOutsideFunction: true, allowHashBang: true });
  } catch (error) {
    throw asCellError(error);
  }
}

function parses(text: string): boolean {
  try {
    return !hasTopLevelAwait(parseCell(text));
  } catch {
    return false;
  }
}

function asCellError(error: unknown): CellSyntaxError {
  if (error instanceof RangeError) return new CellSyntaxError("the code is nested too deeply");
  const { message, loc } = error as { message: string; loc?: { line: number; column: number } };
  const plain = message.replace(/ \(\d+:\d+\)$/, "");
  const text = plain.startsWith("'import' and 'export'") ? "import and export are not available here" : plain;
  return new CellSyntaxError(text, loc?.line, loc === undefined ? undefined : loc.column + 1);
}

/** Half a surrogate pair cannot be written in UTF-8; inside a string literal its escape means the same. */
function escapeLoneSurrogates(text: string): string {
  return text.replace(/[\uD800-\uDFFF]/gu, (half) => `\\u${half.charCodeAt(0).toString(16)}`);
}
