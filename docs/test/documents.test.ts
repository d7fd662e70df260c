import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { fencesOf } from "./fence-modules.js";
import { documentPaths, sourcePaths } from "./fences.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

test.each(readdirSync(join(root, "packages")))("packages/%s has a README with a runnable example", (name) => {
  const path = `packages/${name}/README.md`;
  expect(existsSync(join(root, path)), `${path} exists`).toBe(true);
  expect(fencesOf(join(root, path)).length, `fences marked "ts test" in ${path}`).toBeGreaterThan(0);
});

const published = ["packages", "apps"]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  .filter((folder) => (JSON.parse(read(`${folder}/package.json`)) as { private?: boolean }).private !== true);

describe.each(published)("%s in a registry", (folder) => {
  test("is found by a description and keywords", () => {
    const { description, keywords } = JSON.parse(read(`${folder}/package.json`)) as { description?: string; keywords?: string[] };
    expect(description?.length).toBeGreaterThan(20);
    expect(keywords?.length).toBeGreaterThan(3);
    expect(new Set(keywords).size).toBe(keywords!.length);
  });

  test("has a README that links to nothing outside of the package", () => {
    const links = [...read(`${folder}/README.md`).matchAll(/\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]: *(\S+)|(?:href|src)="([^"]+)"/gm)];
    const targets = links.map((link) => link.slice(1).find((target) => target !== undefined)!);
    const { files } = JSON.parse(read(`${folder}/package.json`)) as { files: string[] };
    const packed = (target: string) => files.some((file) => target === file || target.startsWith(`${file}/`));
    expect(targets.filter((target) => !/^(https?:\/\/|#)/.test(target) && !packed(target))).toEqual([]);
  });
});

const inComments = sourcePaths(root).flatMap((path) => fencesOf(join(root, path)).map(({ line }) => [path, line] as const));

test.each(inComments)("%s:%i", async (path, line) => {
  await import(/* @vite-ignore */ `${join(root, path)}@${line}.ts`);
});

describe("runnable fences have correct types", () => {
  const fences = new Map<string, { readonly document: string; readonly line: number; readonly text: string }>();
  for (const document of [...documentPaths(root), ...sourcePaths(root)]) {
    for (const { line, code } of fencesOf(join(root, document))) {
      // A file in docs/ finds every package of the workspace; blank lines keep the document's line numbers.
      const file = join(root, "docs", `fence-${fences.size}.ts`);
      fences.set(file, { document, line, text: `export {};${"\n".repeat(line)}${code}\n` });
    }
  }
  const problems = typeProblems(new Map([...fences].map(([file, { text }]) => [file, text])));

  test.each([...fences].map(([file, { document, line }]) => [document, line, file] as const))("%s:%i", (_document, _line, file) => {
    expect(problems.filter((problem) => problem.file === file).map(({ text }) => text)).toEqual([]);
  });
});

/** Type-checks files that exist only in `texts`, as in a reader's project: the workspace's options, less the strictest one. */
function typeProblems(texts: ReadonlyMap<string, string>): { readonly file: string; readonly text: string }[] {
  if (texts.size === 0) return [];
  const { config } = ts.parseConfigFileTextToJson("tsconfig.base.json", read("tsconfig.base.json"));
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, noUncheckedIndexedAccess: false }, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists.call(host, path);
  host.readFile = (path) => texts.get(path) ?? readFile.call(host, path);
  host.getSourceFile = (path, version, ...rest) => {
    const text = texts.get(path);
    return text === undefined ? getSourceFile.call(host, path, version, ...rest) : ts.createSourceFile(path, text, version);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)!;
    return ts.getPreEmitDiagnostics(program, source).map((diagnostic) => {
      const line = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line + 1;
      return { file, text: `line ${line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}` };
    });
  });
}
