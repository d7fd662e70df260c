import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { addWheels, createSandbox } from "../../src/index.js";
import { isNativeWheel } from "../../src/python/wheel.js";
import { BACKENDS, python } from "./backends.js";
import { wheelOf, zipOf } from "./zip-writer.js";

const folder = mkdtempSync(join(tmpdir(), "retool-wheels-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WHEEL = wheelOf("threes", { "threes/__init__.py": "def triple(n):\n    return 3 * n\n", "threes/lazy.py": "late = 9\n" });

function put(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

test("a wheel is checked and kept, one version of it", () => {
  const data = join(folder, "data");
  expect(addWheels([put("threes-0.9-py3-none-any.whl", WHEEL)], data)).toMatchObject([{ name: "threes", version: "0.9" }]);
  addWheels([put("threes-1.0-py2.py3-none-any.whl", WHEEL)], data);
  expect(readdirSync(join(data, "wheels"))).toEqual(["threes-1.0-py2.py3-none-any.whl"]);
});

test.each([
  ["threes.whl", WHEEL, "NAME-VERSION"],
  ["threes-1.0-cp313-cp313-linux_x86_64.whl", WHEEL, "pure-Python"],
  ["cut-1.0-py3-none-any.whl", WHEEL.subarray(0, WHEEL.length - 30), "zip archive"],
  ["bent-1.0-py3-none-any.whl", Buffer.from(WHEEL).fill(1, 45, 60), "damaged"],
  ["native-1.0-py3-none-any.whl", wheelOf("native", { "native/core.so": "x" }), "native code"],
  ["native-1.0-cp312-cp312-pyemscripten_2025_0_wasm32.whl", wheelOf("native", { "native/core.so": "x" }), "Pyodide's own distribution"],
  ["plat-1.0-py3-none-any.whl", wheelOf("plat", { "plat.py": "" }, false), "Root-Is-Purelib"],
  ["out-1.0-py3-none-any.whl", zipOf({ "../out.py": "x" }), "leaves the archive"],
  ["bare-1.0-py3-none-any.whl", zipOf({ "a.py": "1", "bare-1.0.dist-info/WHEEL": "Root-Is-Purelib: true\n" }), "RECORD"],
  [
    "lies-1.0-py3-none-any.whl",
    zipOf({
      "a.py": "1",
      "lies-1.0.dist-info/WHEEL": "Root-Is-Purelib: true\n",
      "lies-1.0.dist-info/RECORD": `a.py,sha256=${"A".repeat(43)},1\n`,
    }),
    "another a.py",
  ],
])("%s is refused", (name, bytes, message) => {
  expect(() => addWheels([put(name, bytes)], join(folder, "refused"))).toThrow(message);
});

test.each([
  ["cp313-cp313-pyemscripten_2025_0_wasm32", true],
  ["cp313-cp313-pyodide_2025_0_wasm32", true],
  ["cp311-abi3-pyemscripten_2025_0_wasm32", true], // of the stable interface: for 3.11 and all that follow
  ["cp39.cp310-abi3-pyemscripten_2025_0_wasm32", true],
  ["py3-none-pyemscripten_2025_0_wasm32", true],
  ["cp314-abi3-pyemscripten_2025_0_wasm32", false],
  ["cp312-cp312-pyemscripten_2025_0_wasm32", false],
  ["cp313-cp313-pyemscripten_2026_0_wasm32", false],
  ["cp311-abi3-manylinux_2_28_x86_64", false],
])("%s is native code for this Pyodide: %s", (tags, isNative) => {
  expect(isNativeWheel(`some-1.0-${tags}.whl`)).toBe(isNative);
});

test("what is not there is named", () => {
  expect(() => addWheels([join(folder, "missing")], folder)).toThrow("missing");
});

test.each(BACKENDS)(
  "%s imports a wheel's package",
  async (backend) => {
    const wheel = put("threes-1.0-py3-none-any.whl", WHEEL);
    await using sandbox = await createSandbox(python(backend, { wheels: [wheel], folder: join(folder, "data2") }));
    expect((await sandbox.run("import threes\nfrom threes.lazy import late\nthrees.triple(14), late")).feedback).toBe("(42, 9)");
  },
  180_000,
);
