import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type * as fsPromises from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { createSandbox, installPackages } from "../../src/index.js";
import { pyodideDistribution } from "../../src/python/pyodide-backend.js";
import { lockAt, lockedPackages } from "../../src/python/pyodide-lock.js";
import { BACKENDS, python } from "./backends.js";
import { spinnerModule } from "./side-module.js";
import { wheelOf, zipOf } from "./zip-writer.js";

const root = mkdtempSync(join(tmpdir(), "retool-packages-"));
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => (server.closeAllConnections(), server.close())));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILES: Readonly<Record<string, Buffer>> = {
  "inner-1.0-py3-none-any.whl": wheelOf("inner", { "inner.py": "def double(n):\n    return 2 * n\n" }),
  "outer-1.0-py3-none-any.whl": wheelOf("outer", { "outer.py": "import inner\n\ndef triple(n):\n    return inner.double(n) + n\n" }),
  "spinner-1.0-cp313-cp313-pyemscripten_2025_0_wasm32.whl": wheelOf(
    "spinner",
    { "spinner.cpython-313-wasm32-emscripten.so": spinnerModule(), "parts/spinner.abi3.so": spinnerModule() },
    false,
  ),
};

let folders = 0;
/** A data folder, the wheels in it, and a lock; `bent` names a file of which the lock has another hash. */
function place(bent?: string) {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  const packages = Object.entries(FILES).map(([file, bytes]) => {
    const name = file.split("-")[0]!;
    const sha256 = createHash("sha256").update(bytes).update(file === bent ? "x" : "").digest("hex"); // prettier-ignore
    return [name, { name, version: "1.0", file_name: file, sha256, depends: name === "outer" ? ["inner"] : [] }];
  });
  const lonely = { name: "Lone_Some", version: "1", file_name: "lone-1-py3-none-any.whl", sha256: "0".repeat(64), depends: ["absent"] };
  const library = { name: "libx", version: "1", file_name: "libx-1.zip", sha256: "0".repeat(64), depends: [] };
  const lockFile = join(folder, "lock.json");
  writeFileSync(lockFile, JSON.stringify({ packages: { ...Object.fromEntries(packages), "lone-some": lonely, libx: library } }));
  return { folder, lockFile, wheels: () => readdirSync(join(folder, "wheels")).sort() };
}

/** A mirror that ends the first `breaks` answers in the middle. */
async function mirror(breaks = 0): Promise<{ readonly from: string; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url!);
    const bytes = FILES[request.url!.split("/").at(-1)!];
    if (bytes === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-length": bytes.length });
    if (seen.length > breaks) return void response.end(bytes);
    response.write(bytes.subarray(0, 100), () => response.destroy());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { from: `http://127.0.0.1:${(server.address() as AddressInfo).port}/full`, seen };
}

test("a package comes with what it needs, once, and tells its progress", async () => {
  const { folder, lockFile, wheels } = place();
  const { from, seen } = await mirror();
  const told: string[] = [];
  const onProgress = ({ name, loaded, total }: { name: string; loaded: number; total: number | undefined }) =>
    told.push(`${name} ${loaded === total ? "whole" : loaded}`);
  expect(await installPackages(["Outer", "outer"], { from, folder, lockFile, onProgress })).toEqual([
    { name: "inner", version: "1.0", isNew: true },
    { name: "outer", version: "1.0", isNew: true },
  ]);
  expect([told[0], told.at(-1)]).toEqual(["inner 0", "outer whole"]);
  expect(wheels()).toEqual(["inner-1.0-py3-none-any.whl", "installed.json", "outer-1.0-py3-none-any.whl"]);
  expect(seen).toEqual(["/full/inner-1.0-py3-none-any.whl", "/full/outer-1.0-py3-none-any.whl"]);
  expect((await installPackages(["outer"], { from, folder, lockFile })).map(({ isNew }) => isNew)).toEqual([false, false]);
  expect(seen).toHaveLength(2);
});

test.each(BACKENDS)(
  "%s imports what was installed, without a network",
  async (backend) => {
    const { folder, lockFile } = place();
    const files = join(folder, "files");
    mkdirSync(files);
    for (const [file, bytes] of Object.entries(FILES)) writeFileSync(join(files, file), bytes);
    await installPackages(["outer", "spinner"], { from: files, folder, lockFile });
    await using sandbox = await createSandbox({ ...python(backend, { folder }), workers: 1 });
    expect((await sandbox.run("import outer\nouter.triple(14)")).feedback).toBe("42");
    await using session = await sandbox.open();
    const native = await session.run("import spinner\nspinner.answer()");
    if (backend === "bwrap") return expect(native.feedback).toContain("No module named 'spinner'"); // its code is for WebAssembly
    expect(native).toMatchObject({ status: "ok", value: "42" });
    expect(await sandbox.run("import parts.spinner as other\nother.answer()")).toMatchObject({ status: "ok", value: "42" });
    const limits = { limits: { fuel: 200, wallMs: 60_000 } };
    const spun = await sandbox.run("import spinner\nspinner.forever()", limits);
    expect(spun.status).toBe("fuel");
    expect((await sandbox.run("import spinner\nspinner.forever()", limits)).usage.fuel).toBe(spun.usage.fuel);
    expect(await session.run("spinner.answer() + 1")).toMatchObject({ status: "ok", value: "43" });
  },
  180_000,
);

test.skipIf(!BACKENDS.includes("pyodide"))(
  "a native module whose work cannot be counted is refused by its name",
  async () => {
    const { folder } = place();
    const fence = [0xfe, 3, 0];
    const file = join(folder, "spinner-1.0-cp311-abi3-pyemscripten_2025_0_wasm32.whl");
    writeFileSync(file, wheelOf("spinner", { "spinner.abi3.so": spinnerModule(fence) }, false));
    await expect(createSandbox(python("pyodide", { wheels: [file] }))).rejects.toThrow(
      /the work of the native module spinner cannot be counted \(WebAssembly: an instruction that is not known, 0xfe at byte \d+\)/,
    );
  },
  180_000,
);

/** An archive as a program's wheel would be that brings Pyodide along; `info` is the lock's. */
function archiveOf(folder: string, info: object, gone?: string): string {
  const shared = zipOf({ "libspin.so": spinnerModule() });
  const own: Readonly<Record<string, Buffer>> = { ...FILES, "libspin-1.zip": shared };
  const packages = Object.entries(own).map(([file, bytes]) => {
    const name = file.split("-")[0]!;
    const depends = name === "outer" ? ["inner"] : name === "spinner" ? ["libspin"] : [];
    const package_type = name === "libspin" ? "shared_library" : "package";
    return [
      name,
      { name, version: "2.0", file_name: file, sha256: createHash("sha256").update(bytes).digest("hex"), depends, package_type },
    ];
  });
  const inside = Object.entries(own)
    .filter(([file]) => file !== gone)
    .map(([file, bytes]) => [`some/pyodide/${file}`, bytes]);
  const lock = Buffer.from(JSON.stringify({ info, packages: Object.fromEntries(packages) }));
  const file = join(folder, "program-1.0-py3-none-any.whl");
  writeFileSync(file, zipOf({ "some/other.txt": Buffer.from("x"), "some/pyodide/pyodide-lock.json": lock, ...Object.fromEntries(inside) }));
  return file;
}

test("an archive with a distribution of the same platform gives its own files, by its own lock", async () => {
  const { folder, wheels } = place();
  const from = archiveOf(folder, { python: "3.13.0", abi_version: "2025_0" });
  expect(await installPackages(["outer", "spinner"], { from, folder })).toMatchObject([
    { name: "inner", version: "2.0", isNew: true },
    { name: "outer" },
    { name: "libspin", isNew: true },
    { name: "spinner" },
  ]);
  expect(wheels()).toEqual([...Object.keys(FILES), "installed.json", "libspin-1.zip"].sort());
  expect((await installPackages(["spinner"], { from, folder })).map(({ isNew }) => isNew)).toEqual([false, false]);
});

test.skipIf(!BACKENDS.includes("pyodide"))(
  "what native wheels share is where the linker looks, and a changed one is refused",
  async () => {
    const { folder } = place();
    await installPackages(["spinner"], { from: archiveOf(folder, { python: "3.13.0", abi_version: "2025_0" }), folder });
    await using sandbox = await createSandbox({ ...python("pyodide", { folder }), workers: 1 });
    expect((await sandbox.run("import os\nsorted(n for n in os.listdir('/usr/lib') if 'spin' in n)")).feedback).toBe("['libspin.so']");
    expect(await sandbox.run("import spinner\nspinner.answer()")).toMatchObject({ status: "ok", value: "42" });
    writeFileSync(join(folder, "wheels", "libspin-1.zip"), "other");
    await expect(createSandbox(python("pyodide", { folder }))).rejects.toThrow(/libspin-1\.zip: expected the library that was installed/);
  },
  180_000,
);

test.each([
  [
    { python: "3.14.0", abi_version: "2026_0" },
    "expected packages for Python 3.13, 2025_0, as the installed Pyodide has it, found Python 3.14, 2026_0",
  ],
  [{ python: "3.13.2", abi_version: "2026_0" }, "found Python 3.13, 2026_0"],
  [{}, "found a lock that does not tell"],
])("an archive for another platform is refused: %j", async (info, message) => {
  const { folder } = place();
  await expect(installPackages(["outer"], { from: archiveOf(folder, info), folder })).rejects.toThrow(message);
  expect(readdirSync(folder)).not.toContain("wheels");
});

test("an archive that lacks a file, has no lock, or is none, is said", async () => {
  const { folder, wheels } = place();
  const info = { python: "3.13.0", abi_version: "2025_0" };
  const gone = "outer-1.0-py3-none-any.whl";
  await expect(installPackages(["outer"], { from: archiveOf(folder, info, gone), folder })).rejects.toThrow(
    /some\/pyodide\/outer-1\.0-py3-none-any\.whl cannot be read: the archive does not hold it/,
  );
  expect(wheels()).toEqual(["inner-1.0-py3-none-any.whl", "installed.json"]);
  const other = join(folder, "other.zip");
  writeFileSync(other, zipOf({ "a.txt": Buffer.from("x") }));
  await expect(installPackages(["outer"], { from: other, folder })).rejects.toThrow("found an archive without pyodide-lock.json");
  writeFileSync(other, "no archive");
  await expect(installPackages(["outer"], { from: other, folder })).rejects.toThrow(
    /other\.zip: expected an address, a folder, or an archive/,
  );
});

const DISTRIBUTION = process.env["RETOOL_PYODIDE_ARCHIVE"];
test.skipIf(DISTRIBUTION === undefined || !BACKENDS.includes("pyodide"))(
  `numpy, scipy and sympy compute${DISTRIBUTION === undefined ? " (RETOOL_PYODIDE_ARCHIVE names no archive that has them)" : ""}`,
  async () => {
    const { folder } = place();
    await installPackages(["numpy", "scipy", "sympy"], { from: DISTRIBUTION!, folder });
    await using sandbox = await createSandbox({ ...python("pyodide", { folder }), workers: 1 });
    const run = async (code: string) => (await sandbox.run(code, { limits: { fuel: 20_000, wallMs: 600_000 } })).feedback;
    expect(await run("import numpy as np\nnp.linalg.solve(np.array([[3., 1], [1, 2]]), np.array([9., 8])).round(9).tolist()")).toBe(
      "[2.0, 3.0]",
    );
    expect(await run("from scipy.optimize import brentq\nround(brentq(lambda x: x * x - 2, 0, 2), 9)")).toBe("1.414213562");
    expect(await run("from scipy.linalg import expm\nimport numpy as np\nround(float(expm(np.eye(2))[0, 0]), 9)")).toBe("2.718281828");
    expect(await run("from sympy import *\nx = symbols('x')\nintegrate(x * exp(x), x)")).toBe("(x - 1)*exp(x)");
    const [first, again] = [await run("import numpy as np\nnp.random.rand()"), await run("import numpy as np\nnp.random.rand()")];
    expect(again).toBe(first);
    const long = await sandbox.run("import numpy as np\na = np.ones((2000, 2000))\nwhile True: a = a @ a / 2000", {
      limits: { fuel: 500, wallMs: 600_000 },
    });
    expect(long.status).toBe("fuel");
    const everywhere = "np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (2**30,), (1,))";
    const spoilt = await sandbox.run(`import numpy as np\n${everywhere}[:] = 255`, { limits: { wallMs: 600_000 } });
    expect(["killed", "memory", "error"]).toContain(spoilt.status);
    expect(await run("import numpy as np\nnp.add.outer([1, 2], [3, 4]).tolist()")).toBe("[[4, 5], [5, 6]]");
    expect(await run("np.ndarray")).toContain("NameError");
  },
  1_800_000,
);

test("a file with another hash is refused and not kept", async () => {
  const { folder, lockFile, wheels } = place("outer-1.0-py3-none-any.whl");
  const { from } = await mirror();
  await expect(installPackages(["outer"], { from, folder, lockFile })).rejects.toThrow(
    /expected a file with the sha256 \w{64} \(outer 1\.0\), found one with/,
  );
  expect(wheels()).toEqual(["inner-1.0-py3-none-any.whl", "installed.json"]);
});

test.each([
  ["outr", "outr: expected one of the 4 packages of this Pyodide, found no such package. To mend it: write outer"],
  ["something", "To mend it: download a pure-Python wheel of it and add that"],
  ["lone.some", "lone.some, which needs absent: expected one of"],
  ["libx", "libx: expected packages that come as wheels, or shared libraries, found libx-1.zip"],
])("%s is refused before anything is fetched", async (name, message) => {
  const { folder, lockFile } = place();
  const { from, seen } = await mirror();
  await expect(installPackages(["inner", name], { from, folder, lockFile })).rejects.toThrow(message);
  expect([seen, readdirSync(folder)]).toEqual([[], ["lock.json"]]);
});

test("a connection that breaks is begun again, and given up in the end", async () => {
  const { folder, lockFile, wheels } = place();
  await installPackages(["inner"], { from: (await mirror(2)).from, folder, lockFile });
  expect(wheels()).toContain("inner-1.0-py3-none-any.whl");
  const { from, seen } = await mirror(9);
  await expect(installPackages(["outer"], { from, folder, lockFile })).rejects.toThrow("the connection broke 3 times");
  expect([seen.length, wheels()]).toEqual([3, ["inner-1.0-py3-none-any.whl", "installed.json"]]);
});

test("what cannot be read is said with the way out", async () => {
  const { folder, lockFile, wheels } = place();
  const { from } = await mirror();
  await expect(installPackages(["inner"], { from: folder, folder, lockFile })).rejects.toThrow(`no such file. To mend it: have inner-1.0-py3-none-any.whl in a folder or at a mirror, and name that`); // prettier-ignore
  servers.splice(0).forEach((server) => server.close());
  await expect(installPackages(["inner"], { from, folder, lockFile })).rejects.toThrow(/cannot be read: ECONNREFUSED.*at a mirror/);
  const lone = {
    ...JSON.parse(JSON.stringify({ from: (await mirror()).from })),
    folder,
    lockFile: lockWith(folder, "gone-1-py3-none-any.whl"),
  };
  await expect(installPackages(["gone"], lone)).rejects.toThrow(/gone-1-py3-none-any\.whl cannot be read: status 404/);
  expect(wheels()).toEqual([]);
});

function lockWith(folder: string, file_name: string): string {
  const file = join(folder, "other.json");
  writeFileSync(
    file,
    JSON.stringify({ packages: { gone: { name: "gone", version: "1", file_name, sha256: "0".repeat(64), depends: [] } } }),
  );
  return file;
}

test.each([
  ["{", "expected packages with name, file and sha256"],
  ['{"packages":{"a":{"name":"a","version":"1","file_name":"../a.whl","sha256":"0"}}}', 'found a with the file "../a.whl"'],
])("the lock %s is refused", async (content, message) => {
  const { folder, lockFile } = place();
  writeFileSync(lockFile, content);
  await expect(installPackages(["a"], { folder, lockFile, from: folder })).rejects.toThrow(message);
});

test("a full disk and a place that cannot be written are said, and nothing is left", async () => {
  const { folder, lockFile, wheels } = place();
  const { from } = await mirror();
  await expect(installPackages(["inner"], { from, folder: lockFile, lockFile })).rejects.toThrow(/cannot be written \(\w+\)/);
  vi.doMock("node:fs/promises", async (original) => {
    const real = await original<typeof fsPromises>();
    const open: typeof real.open = async (...args) => {
      const handle = await real.open(...args);
      return Object.assign(handle, { writeFile: () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" })) });
    };
    return { ...real, open };
  });
  vi.resetModules();
  const again = await import("../../src/python/install-packages.js");
  vi.doUnmock("node:fs/promises");
  vi.resetModules();
  await expect(again.installPackages(["inner"], { from, folder, lockFile })).rejects.toThrow("there is no room left on the disk");
  expect(wheels()).toEqual([]);
});

test("the lock of the installed Pyodide has numpy, scipy and sympy with what it needs", () => {
  const { lockFile, address } = pyodideDistribution();
  expect(lockedPackages(["numpy", "scipy", "sympy"], lockAt(lockFile)).map(({ name, file }) => [name, file])).toEqual([
    ["numpy", expect.stringMatching(/^numpy-[\d.]+-cp313-cp313-pyemscripten_2025_0_wasm32\.whl$/)],
    ["scipy", expect.stringMatching(/^scipy-[\d.]+-cp313-cp313-pyemscripten_2025_0_wasm32\.whl$/)],
    ["mpmath", expect.stringMatching(/^mpmath-[\d.]+-py3-none-any\.whl$/)],
    ["sympy", expect.stringMatching(/^sympy-[\d.]+-py3-none-any\.whl$/)],
  ]);
  expect(address).toMatch(/^https:\/\/cdn\.jsdelivr\.net\/pyodide\/v0\.29\.\d+\/full\/$/);
});
