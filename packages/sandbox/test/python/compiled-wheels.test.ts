import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { addWheels, createSandbox } from "../../src/index.js";
import { compiledWheels } from "../../src/python/compiled-wheels.js";
import { BACKENDS, python } from "./backends.js";
import { wheelOf } from "./zip-writer.js";

const root = mkdtempSync(join(tmpdir(), "retool-compiled-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const MODULES = {
  "inner/__init__.py": "def double(n):\n    return 2 * n\n",
  "inner/old.py": "print 'no Python of today'\n",
  "inner/table.txt": "seven",
};

let folders = 0;
/** An empty data folder, and a wheel of the given version. */
function place(version = "1.0") {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  const wheel = join(folder, `inner-${version}-py3-none-any.whl`);
  writeFileSync(wheel, wheelOf("inner", MODULES));
  return { folder, wheel, compiled: () => readdirSync(join(folder, "compiled")) };
}

describe.skipIf(!BACKENDS.includes("bwrap"))("under bubblewrap", () => {
  test("a wheel is compiled once, and its modules are read from there", async () => {
    const { folder, wheel, compiled } = place();
    addWheels([wheel], folder);
    const code =
      "import inner, os\nprint(os.path.isfile(inner.__cached__), inner.__file__, inner.double(21))\nopen(inner.__path__[0] + '/table.txt').read()";
    for (let i = 0; i < 2; i++) {
      await using sandbox = await createSandbox(python("bwrap", { folder }));
      const stdout = "True /wheels/inner-1.0-py3-none-any.whl/inner/__init__.py 42\n";
      expect(await sandbox.run(code)).toMatchObject({ stdout, value: "'seven'" });
      expect(await sandbox.run("import inner; open(inner.__file__, 'a')")).toMatchObject({ status: "error", error: { name: "OSError" } });
    }
    expect(compiled()).toEqual([expect.stringMatching(/^inner-1\.0-py3-none-any-\w{24}-cpython-3\.\d+\.\d+$/)]);
    const newer = place("1.1");
    addWheels([newer.wheel], folder);
    expect(compiled()).toEqual([]);
  });
});

const setup = (folder: string, compile = async () => true) => ({ folder, python: "x", compile });

test("what is made is not made again", async () => {
  const { folder, wheel, compiled } = place();
  let made = 0;
  const compile = async () => ++made > 0;
  const [first] = await compiledWheels([wheel], setup(folder, compile));
  expect(await compiledWheels([wheel], setup(folder, compile))).toEqual([first]);
  expect([made, compiled().length]).toEqual([1, 1]);
});

test("a wheel that could not be compiled, or for which there is no room, is used as it is", async () => {
  const { folder, wheel, compiled } = place();
  expect(
    await compiledWheels(
      [wheel],
      setup(folder, async () => false),
    ),
  ).toEqual([wheel]);
  expect(compiled()).toEqual([]);
  writeFileSync(join(root, "file"), "");
  expect(await compiledWheels([wheel], setup(join(root, "file")))).toEqual([wheel]);
});
