import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** One runnable block of a document: a fence whose info string is `ts test`. */
export interface Fence {
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** The documents whose fences run, as paths from the root: READMEs and the site's own pages, not what is generated. */
export function documentPaths(root: string): string[] {
  const readmes = ["packages", "apps"].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}/README.md`));
  const pages = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .map((path) => `docs/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".md") && !/\/(api|reference|node_modules|\.vitepress)\//.test(path));
  return ["README.md", "CONTRIBUTING.md", ...readmes, ...pages].filter((path) => existsSync(join(root, path))).sort();
}

/** The sources whose doc comments may hold runnable fences, as paths from the root. */
export function sourcePaths(root: string): string[] {
  return readdirSync(join(root, "packages")).flatMap((name) => {
    const folder = `packages/${name}/src`;
    const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => path.replaceAll("\\", "/"));
    return files.filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts")).map((path) => `${folder}/${path}`);
  });
}

/** The text of a source's doc comments, each line at its own number. */
export function commentText(source: string): string {
  return source.replace(/^(?![\t ]*\*).*$/gm, "").replace(/^[\t ]*\* ?/gm, "");
}

/** Finds the runnable fences of a markdown text. Throws when one is never closed. */
export function collectFences(markdown: string): Fence[] {
  const fences: Fence[] = [];
  const lines = markdown.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const opening = /^(`{3,}|~{3,})\s*(.*?)\s*$/.exec(lines[i]!);
    if (opening === null) continue;
    const [, marker, info] = opening as unknown as [string, string, string];
    const end = lines.findIndex((text, at) => at > i && text.startsWith(marker) && text.slice(marker.length).trim() === "");
    if (end < 0) throw new Error(`line ${i + 1}: this fence is never closed`);
    if (/^ts\b.*\btest\b/.test(info)) fences.push({ line: i + 1, code: lines.slice(i + 1, end).join("\n") });
    i = end;
  }
  return fences;
}

/**
 * Turns a fence into a module that checks what it promises. `expression; // => value` becomes an assertion of deep equality, also after
 * `const name = expression;`; `// => ≈ value` allows half a unit of each number's last digit; `// => throws "text"` expects that error.
 * Lines keep the numbers that they have in the document.
 */
export function fenceModule({ line, code }: Fence): string {
  const source = ts.createSourceFile("fence.ts", code, ts.ScriptTarget.Latest, true);
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  const asserted = new Set<number>();
  const visit = (node: ts.Node): void => {
    const comment = ts.isStatement(node) ? assertionAfter(node, code) : undefined;
    if (comment !== undefined && !asserted.has(comment.position)) {
      const text = assertion(node as ts.Statement, comment.text);
      if (text !== undefined) {
        asserted.add(comment.position);
        edits.push({ from: node.getStart(), to: comment.end, text });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const { index } of code.matchAll(/\/\/ =>/g)) {
    if (asserted.has(index)) continue;
    const at = line + 1 + source.getLineAndCharacterOfPosition(index).line;
    throw new Error(`line ${at}: "// =>" must follow an expression or the declaration of one name, on its last line`);
  }
  let body = code;
  for (const { from, to, text } of edits.sort((a, b) => b.from - a.from)) body = body.slice(0, from) + text + body.slice(to);
  return `import { expect } from "vitest";${"\n".repeat(line)}${body}\n`;
}

function assertionAfter(node: ts.Statement, code: string): { position: number; end: number; text: string } | undefined {
  const range = ts.getTrailingCommentRanges(code, node.end)?.find(({ pos }) => code.startsWith("// =>", pos));
  return range && { position: range.pos, end: range.end, text: code.slice(range.pos + "// =>".length, range.end).trim() };
}

function assertion(statement: ts.Statement, promise: string): string | undefined {
  const thrown = /^throws (.+)$/.exec(promise);
  const value = promise.startsWith("≈") ? approximate(promise.slice(1).trim()) : promise;
  if (ts.isExpressionStatement(statement)) {
    const expression = statement.expression.getText();
    if (thrown !== null) return `await expect((async () => (${expression}))()).rejects.toThrow(${thrown[1]});`;
    return `expect(${expression}).toEqual(${value});`;
  }
  if (!ts.isVariableStatement(statement) || thrown !== null) return undefined;
  const [declaration, ...others] = statement.declarationList.declarations;
  if (declaration === undefined || others.length > 0 || !ts.isIdentifier(declaration.name)) return undefined;
  return `${statement.getText()} expect(${declaration.name.text}).toEqual(${value});`;
}

/** Writes each decimal number of a value as one that may differ by half a unit of its last digit. */
function approximate(value: string): string {
  return value.replace(/-?\d+\.(\d+)/g, (number, decimals: string) => `expect.closeTo(${number}, ${decimals.length})`);
}
