import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly needs?: string; readonly permissions?: Readonly<Record<string, string>>; readonly steps: readonly Step[] }>>; // prettier-ignore
}

const workflow = parse(readFileSync(join(root, ".github/workflows/docs.yml"), "utf8")) as Workflow;

test("the site is built in a fresh clone by a script that exists, and published from where the build puts it", () => {
  const { build, publish } = workflow.jobs;
  const scripts = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }).scripts;
  const runs = build!.steps.flatMap(({ run }) => run ?? []);
  expect(runs).toEqual(["npm run check -- --only docs"]);
  expect(scripts["check"]).toBe("node scripts/check.mjs");
  expect(readFileSync(join(root, "scripts/check.mjs"), "utf8")).toContain('["docs", buildDocs]');
  expect(build!.steps.find(({ uses }) => uses?.startsWith("actions/upload-pages-artifact"))!.with).toEqual({
    path: "docs/.vitepress/dist",
  });
  expect(publish!.needs).toBe("build");
});

test("only publishing may write, and every action has a version", () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  expect(workflow.jobs["build"]!.permissions).toBeUndefined();
  const actions = Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
  for (const action of actions) expect(action).toMatch(/^actions\/[\w-]+@v\d+$/);
});

test("the site may stand below a path, as it is published: no link to the playground begins at the root", () => {
  const guides = readdirSync(join(root, "docs/guide")).map((name) => `docs/guide/${name}`);
  const rooted = ["docs/index.md", ...guides].filter((path) =>
    /\]\(\/playground\/|href="\/playground\//.test(readFileSync(join(root, path), "utf8")),
  );
  expect(rooted).toEqual([]);
});
