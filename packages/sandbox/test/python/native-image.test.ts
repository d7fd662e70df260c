import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createSandbox, type ExecutionResult } from "../../src/index.js";
import { BACKENDS, python } from "./backends.js";
import { spinnerModule } from "./side-module.js";
import { wheelOf } from "./zip-writer.js";

const root = mkdtempSync(join(tmpdir(), "retool-native-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const WHEEL = "spinner-1.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl";
const LIMITS = { fuel: 200, wallMs: 60_000, memoryBytes: 96 * 2 ** 20 };

/** A data folder with a package of native code. */
function place(name: string) {
  const folder = join(root, name);
  mkdirSync(join(folder, "wheels"), { recursive: true });
  writeFileSync(join(folder, "wheels", WHEEL), wheelOf("spinner", { "spinner.cpython-313-wasm32-emscripten.so": spinnerModule() }, false));
  const images = join(folder, "images");
  const image = () => join(images, readdirSync(images)[0]!);
  const open = () => createSandbox({ ...python("pyodide", { folder }), workers: 1, limits: LIMITS });
  return { folder, images, image, open };
}

const CODES = [
  "import spinner, os\nspinner.answer(), os.stat(spinner.__file__).st_mtime, sorted(os.listdir(os.path.dirname(spinner.__file__)))",
  "import spinner\nspinner.forever()",
  "import spinner\n[object(), spinner, id(spinner)]",
  "a = []\nwhile True: a.append(bytes(2 ** 20))",
];
const seen = ({ status, stdout, stderr, feedback, usage: { fuel, memoryBytes } }: ExecutionResult) => ({
  status,
  stdout,
  stderr,
  feedback,
  fuel,
  memoryBytes,
});

async function results({ open }: ReturnType<typeof place>) {
  await using sandbox = await open();
  const found = [];
  for (const code of CODES) found.push(seen(await sandbox.run(code)));
  return found;
}

describe.skipIf(!BACKENDS.includes("pyodide"))("an image of native packages", () => {
  test("is the same wherever it is made; sessions are equal with it and without", async () => {
    const [near, far] = [place("a"), place("a-folder-with-a-longer-name")];
    const first = await results(near);
    expect(first.map(({ status }) => status)).toEqual(["ok", "fuel", "ok", "oom"]);
    expect(first[0]!.feedback).toContain("(42, ");
    expect(await results(near)).toEqual(first);
    expect(await results(far)).toEqual(first);
    expect(readFileSync(near.image()).equals(readFileSync(far.image()))).toBe(true);
    expect(readFileSync(near.image()).includes(root)).toBe(false);
    rmSync(near.images, { recursive: true });
    writeFileSync(near.images, ""); // nowhere to keep one
    expect(await results(near)).toEqual(first);
  }, 300_000);

  test("one that was changed or cut is made anew", async () => {
    const one = place("tampered");
    const first = await results(one);
    const [file, bytes] = [one.image(), readFileSync(one.image())];
    const bent = Buffer.from(bytes);
    bent[bent.length - 1_000]! ^= 255;
    writeFileSync(file, bent);
    expect(await results(one)).toEqual(first);
    expect(readFileSync(one.image()).equals(bytes)).toBe(true);
    truncateSync(file, Math.floor(bytes.length / 2));
    expect(await results(one)).toEqual(first);
    expect(readFileSync(one.image()).equals(bytes)).toBe(true);
    expect(readdirSync(one.images)).toHaveLength(1);
  }, 300_000);

  test("what a session does to a module does not reach the next", async () => {
    await using sandbox = await place("poisoned").open();
    const fresh = seen(await sandbox.run(CODES[0]!));
    await sandbox.run("import spinner, sys\nspinner.answer = lambda: 0\nspinner.__file__ = '/'\nsys.modules['spinner'] = None");
    await sandbox.run("import spinner\nspinner.forever()");
    expect(seen(await sandbox.run(CODES[0]!))).toEqual(fresh);
  }, 300_000);
});
