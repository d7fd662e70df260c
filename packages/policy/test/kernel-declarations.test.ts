import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Sources {
  readonly header: string;
  readonly module: string;
  readonly index: string;
  readonly sources: string;
}

const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const { kernelDeclarations } = (await import(new URL("../scripts/kernel-declarations.mjs", import.meta.url).href)) as {
  kernelDeclarations: (sources: Sources) => string;
};
const assembly = readdirSync(new URL("../assembly", import.meta.url)).filter((name) => name.endsWith(".ts"));
const own: Sources = {
  header: text("native/kernels.h"),
  module: text("native/module.cc"),
  index: text("assembly/index.ts"),
  sources: assembly.map((name) => text(`assembly/${name}`)).join("\n"),
};

test("every kernel of the header is declared with the header's arguments", () => {
  const declarations = kernelDeclarations(own);
  const names = [...own.header.matchAll(/^(?:void|double) (\w+)\(/gm)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) expect(declarations).toContain(`  ${name}(`);
  expect(declarations).toContain("sumRows(x: Pointer, rows: number, width: number, out: Pointer): void;");
  expect(declarations).toContain("sumOfSquares(x: Pointer, n: number): number;");
  expect(declarations).toContain("  sumRows: 4,\n"); // the scratch memory comes fifth
});

test.each([
  ["two arguments change places", "sumRows(x: usize, rows: i32, width: i32,", "sumRows(x: usize, width: i32, rows: i32,"],
  ["an argument is missing", "sumRows(x: usize, rows: i32, width: i32, out: usize,", "sumRows(x: usize, rows: i32, width: i32,"],
  ["a whole number becomes a float", "swigluForward(gateUp: usize, rows: i32,", "swigluForward(gateUp: usize, rows: f32,"],
])("the build fails where %s on one side", (_, from, to) => {
  expect(own.sources).toContain(from);
  expect(() => kernelDeclarations({ ...own, sources: own.sources.replace(from, to) })).toThrow(/differs:\n {2}native\/kernels\.h: /);
});

test("the build fails where the native module does not list a kernel", () => {
  expect(() => kernelDeclarations({ ...own, module: own.module.replace("KERNEL(sumRows)", "") })).toThrow("does not list sumRows");
});
