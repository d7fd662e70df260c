import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const repository = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { importGraph } = (await import(`${repository}/scripts/graph.mjs`)) as {
  readonly importGraph: (root: string) => { readonly text: string; readonly faults: readonly string[] };
};

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** A repository of these source files; every package declares the packages in `dependencies`. */
function repositoryOf(sources: Readonly<Record<string, string>>, dependencies: readonly string[] = ["@retool-ts/core", "@retool-ts/runs"]) {
  const root = mkdtempSync(join(tmpdir(), "retool-graph-"));
  made.push(root);
  for (const [path, text] of Object.entries(sources)) {
    const [parent, name] = path.split("/") as [string, string];
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    const manifest = {
      name: parent === "apps" ? name : `@retool-ts/${name}`,
      dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, "*"])),
    };
    writeFileSync(join(root, parent, name, "package.json"), JSON.stringify(manifest));
  }
  return importGraph(root);
}

test("this repository has no fault", () => {
  expect(importGraph(repository).faults).toEqual([]);
});

test("floors are longest paths; type-only and dynamic imports are arrows, tests are none", () => {
  const { text, faults } = repositoryOf({
    "packages/core/src/index.ts": "export const a = 1;",
    "packages/core/src/index.test.ts": 'import "@retool-ts/runs";',
    "packages/runs/src/index.ts": 'import type { a } from "@retool-ts/core";\nexport type A = typeof a;',
    "apps/retool/src/index.ts": 'import "./shell/log.js";\nexport const load = () => import("@retool-ts/runs");',
    "apps/retool/src/shell/log.ts": 'import { a } from "@retool-ts/core";\nexport const b = a;',
  });
  expect(faults).toEqual([]);
  expect(text.split("\n").map((line) => line.trim().replace(/ +/g, " "))).toEqual([
    "Packages: 3 rooms on 3 floors, 3 arrows, 0 up, 0 circles",
    "floor room files imports",
    "2 retool 2 core runs",
    "1 runs 1 core",
    "0 core 1",
    "",
    "Rooms of apps/retool/src: 2 rooms on 2 floors, 1 arrows, 0 up, 0 circles",
    "floor room files imports",
    "1 index.ts 1 shell",
    "0 shell 1",
  ]);
});

describe("faults", () => {
  const core = { "packages/core/src/index.ts": "export const a = 1;" };

  test("a circle of packages, and the arrow up in it", () => {
    const { faults } = repositoryOf({
      "packages/core/src/index.ts": 'export type { B } from "@retool-ts/runs";',
      "packages/runs/src/index.ts": 'import "@retool-ts/core";\nexport type B = 1;',
    });
    expect(faults).toEqual(["Packages: core imports from runs, which is not below it", "Packages: a circle of core, runs"]);
  });

  test("an arrow up between rooms of the app, and a room without a place", () => {
    const { faults } = repositoryOf({
      "apps/retool/src/config/load.ts": 'import "../commands/run.js";',
      "apps/retool/src/commands/run.ts": "export const run = 1;",
      "apps/retool/src/attic/box.ts": "export const box = 1;",
    });
    expect(faults).toEqual([
      "Rooms of apps/retool/src: attic has no place in the order of scripts/graph.mjs",
      "Rooms of apps/retool/src: config imports from commands, which is not below it",
    ]);
  });

  test("more rooms than the app may have", () => {
    const rooms = Array.from({ length: 16 }, (_, i) => [`apps/retool/src/room-${i}/index.ts`, "export const a = 1;"]);
    expect(repositoryOf(Object.fromEntries(rooms)).faults).toContain("apps/retool/src: 16 rooms, at most 15");
  });

  test("more floors than the app may have", () => {
    const rooms = Array.from({ length: 10 }, (_, i) => [`apps/retool/src/room-${i}/index.ts`, `import "../room-${i + 1}/index.js";`]);
    expect(repositoryOf(Object.fromEntries(rooms)).faults).toContain("apps/retool/src: 10 floors, at most 9");
  });

  test("a package that is imported and not declared", () => {
    const { faults } = repositoryOf(
      { ...core, "packages/runs/src/index.ts": 'import "@retool-ts/core";\nimport "zod/v4";\nimport "node:fs";' },
      [],
    );
    expect(faults).toEqual([
      "packages/runs/src/index.ts: @retool-ts/core is no dependency in packages/runs/package.json",
      "packages/runs/src/index.ts: zod/v4 is no dependency in packages/runs/package.json",
    ]);
  });

  test.each(["@tensorflow/tfjs-core", "commander", "yaml", "retool"])("%s in a package that must do without", (module) => {
    const { faults } = repositoryOf({ "packages/train/src/loop.ts": `import ${JSON.stringify(module)};` }, [module]);
    expect(faults).toEqual([`packages/train/src/loop.ts: train must not import ${module}`]);
  });

  test("a path into another package's sources", () => {
    const { faults } = repositoryOf({ ...core, "packages/runs/src/index.ts": 'import "../../core/src/index.js";' });
    expect(faults).toEqual(["packages/runs/src/index.ts: ../../core/src/index.js leaves the package"]);
  });
});
