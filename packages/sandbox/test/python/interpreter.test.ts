import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, type Sandbox } from "../../src/index.js";
import { BACKENDS, FOLDER } from "./backends.js";

const home = realpathSync(mkdtempSync(join(tmpdir(), "retool-python-")));
const environment = join(home, "secret-name", "venv");
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A virtual environment with a package of its own; false where Python cannot make one. */
function madeEnvironment(): boolean {
  mkdirSync(join(home, "secret-name"));
  if (spawnSync("/usr/bin/python3", ["-m", "venv", "--without-pip", environment]).status !== 0) return false;
  const library = join(environment, "lib", readdirSync(join(environment, "lib"))[0]!, "site-packages");
  writeFileSync(join(library, "threes.py"), "def triple(n):\n    return 3 * n\n");
  return true;
}

const isReady = BACKENDS.includes("bwrap") && madeEnvironment();
if (!isReady) console.warn("skipped: the tests of an interpreter of one's own, which need bwrap and /usr/bin/python3 with venv");

describe.skipIf(!isReady)("an interpreter of one's own", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ language: "python", python: { interpreter: join(environment, "bin", "python"), folder: FOLDER } });
  });
  afterAll(() => sandbox.close());

  test("cells import its packages, which the system's Python does not have", async () => {
    expect(await sandbox.run("import threes; threes.triple(14)")).toMatchObject({ status: "ok", value: "42" });
    const system = await createSandbox({ language: "python", python: { backend: "bwrap", folder: FOLDER } });
    try {
      expect(await system.run("import threes")).toMatchObject({ status: "error", error: { name: "ModuleNotFoundError" } });
    } finally {
      await system.close();
    }
  });

  test("they cannot be written, nor do they tell where the host has them", async () => {
    const write = "import threes; open(threes.__file__, 'a')";
    expect(await sandbox.run(write)).toMatchObject({ status: "error", error: { name: "OSError" } });
    const { feedback } = await sandbox.run("import sys, threes, os; print(threes.__file__, sys.path, sys.prefix, dict(os.environ))");
    expect(feedback).toContain("/packages/0/threes.py");
    expect(feedback).not.toContain("secret-name");
    expect((await sandbox.run("open('/proc/self/mounts').read()")).status).toBe("error");
  });
});

test("one that is not there, or is none, is refused", async () => {
  const make = (interpreter: string) => createSandbox({ language: "python", python: { interpreter } });
  await expect(make(join(home, "nothing"))).rejects.toThrow(/bwrap is unavailable, because/);
  if (!isReady) return;
  await expect(make(join(home, "nothing"))).rejects.toThrow(`there is no Python at ${join(home, "nothing")}`);
  await expect(make("/bin/true")).rejects.toThrow("/bin/true does not answer as Python does");
  await expect(createSandbox({ language: "python", python: { backend: "pyodide", interpreter: "/bin/true" } })).rejects.toThrow("pyodide");
});
