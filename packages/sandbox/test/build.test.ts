import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "node_modules/.cache", `build-test-${process.pid}`);

test("the build makes a guest that is one file without imports, beside the files of the threads", async () => {
  try {
    const tsup = join(dirname(createRequire(import.meta.url).resolve("tsup/package.json")), "dist/cli-default.js");
    const env = { ...process.env, RETOOL_BUILD: "javascript" };
    const { status, stderr } = spawnSync(process.execPath, [tsup, "--out-dir", folder, "--silent"], { cwd: root, env, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(readFileSync(join(folder, "guest.js"), "utf8")).not.toMatch(/^\s*(?:import|export)\b/m);
    for (const name of ["index.js", "supervisor.js", "worker.js"]) expect(existsSync(join(folder, name)), name).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
