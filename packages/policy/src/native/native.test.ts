import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installNative, removeNative } from "./install-native.js";
import { guardRemovedUtil } from "./load-native.js";
import { BINDING, manifestPath, nativeFolder, processor, QUIET, staleReason, type NativeManifest } from "./native-folder.js";
import { nativeStatus } from "./native-status.js";
import { runProgram } from "./run-program.js";
import { findTensorFlow } from "./tensorflow-wheel.js";
import { findCompiler, findNodeHeaders } from "./toolchain.js";

const { RETOOL_NATIVE_PYTHON: realPython } = process.env;
let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "retool-native-"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

/** A program that prints a line, in the place of a Python. */
async function program(line: string, code = 0): Promise<string> {
  const path = join(scratch, `python-${code}`);
  await writeFile(path, `#!/bin/sh\nprintf '%s\\n' '${line}'\nexit ${code}\n`);
  await chmod(path, 0o755);
  return path;
}

async function message(run: () => unknown): Promise<string> {
  const error: unknown = await (async () => run())().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  return (error as Error).message;
}

const MANIFEST: NativeManifest = {
  tensorflow: "2.21.0",
  tfjsNode: "4.22.0",
  library: "/nowhere/libtensorflow_cc.so.2",
  device: "cpu",
  platform: process.platform,
  arch: process.arch,
};

describe("each missing part has a message of its own", () => {
  test("no such Python", async () => {
    expect(await message(() => findTensorFlow(join(scratch, "absent")))).toMatch(/expected a Python 3, found .*ENOENT/);
  });

  test("a Python without TensorFlow", async () => {
    const python = await program("null");
    expect(await message(() => findTensorFlow(python))).toMatch(/no package tensorflow in it.*-m pip install tensorflow-cpu/);
  });

  test("a program that is no Python", async () => {
    for (const line of ["", "no JSON", "[1]"]) {
      const python = await program(line);
      expect(await message(() => findTensorFlow(python)), line).toMatch(/expected a Python 3, found /);
    }
  });

  test("a wheel without the C library", async () => {
    const python = await program(JSON.stringify({ folder: scratch, version: "2.3.0" }));
    expect(await message(() => findTensorFlow(python))).toMatch(/found TensorFlow 2\.3\.0 without .*libtensorflow_cc\.so\.2/);
  });

  test("no compiler", async () => {
    expect(await message(() => findCompiler({ CXX: join(scratch, "cxx") }))).toMatch(/C\+\+ compiler: expected one that runs/);
  });

  test("no Node headers where they were said to be", async () => {
    expect(await message(() => findNodeHeaders(scratch))).toMatch(/expected a folder with node_api\.h/);
    const headers = join(scratch, "include/node");
    await mkdir(headers, { recursive: true });
    await writeFile(join(headers, "node_api.h"), "");
    expect([scratch, headers].map((folder) => findNodeHeaders(folder))).toEqual([headers, headers]);
  });
});

describe("what is installed", () => {
  test("nothing, then a binding whose TensorFlow is gone, then nothing but what others keep there", async () => {
    expect(nativeStatus(scratch).state).toBe("absent");
    await writeFile(manifestPath(scratch), JSON.stringify(MANIFEST));
    await writeFile(join(scratch, BINDING), "");
    await writeFile(join(scratch, "mine"), "");
    expect(nativeStatus(scratch)).toMatchObject({
      state: "stale",
      reason: expect.stringMatching(/libtensorflow_cc\.so\.2 is gone; run `retool native/),
    });
    expect(await removeNative(scratch)).toBe(true);
    expect(await readdir(scratch)).toEqual(["mine"]);
    expect(await removeNative(scratch)).toBe(false);
  });

  test("one for another tfjs-node or processor is not loaded", () => {
    expect(staleReason(scratch, MANIFEST, "4.23.0")).toMatch(/built for tfjs-node 4\.22\.0, and 4\.23\.0 is here/);
    expect(staleReason(scratch, { ...MANIFEST, arch: "other" }, "4.22.0")).toMatch(/built for \w+ other/);
    expect(staleReason(scratch, { ...MANIFEST, platform: "other" }, "4.22.0")).toMatch(/built for other /);
    expect(staleReason(scratch, { ...MANIFEST, processor: "another" }, "4.22.0")).toMatch(
      /built for the processor another, and .* is here/,
    );
    expect(staleReason(scratch, { ...MANIFEST, processor: processor() }, "4.22.0")).toMatch(/libtensorflow_cc\.so\.2 is gone/);
  });

  test("the folder is the user's, or the one that the environment names", () => {
    expect(nativeFolder({ RETOOL_NATIVE_DIR: "/a" })).toBe("/a");
    expect(nativeFolder({ RETOOL_NATIVE_DIR: "", XDG_DATA_HOME: "/data" })).toBe("/data/retool/native");
  });
});

test("a build that fails leaves what was there and nothing else", async () => {
  const wheel = join(scratch, "wheel");
  for (const folder of ["include/tensorflow/c/eager"]) await mkdir(join(wheel, folder), { recursive: true });
  const files = [
    "libtensorflow_cc.so.2",
    "libtensorflow_framework.so.2",
    "include/tensorflow/c/c_api.h",
    "include/tensorflow/c/eager/c_api.h",
  ];
  for (const file of files) await writeFile(join(wheel, file), "no library");
  const python = await program(JSON.stringify({ folder: wheel, version: "9.9" }));
  const folder = join(scratch, "native");
  await mkdir(folder);
  await writeFile(join(folder, BINDING), "before");
  const headers = join(scratch, "headers");
  await mkdir(headers);
  await writeFile(join(headers, "node_api.h"), "");
  expect(await message(() => installNative({ python, folder, nodeHeaders: headers }))).toMatch(
    /sources that compile, found .*another TensorFlow than 9\.9/,
  );
  expect(await readdir(folder)).toEqual([BINDING]);
  expect((await readdir(scratch)).filter((name) => name.startsWith(".native"))).toEqual([]);
});

test.skipIf(!realPython)(
  "builds against a real wheel and loads (needs RETOOL_NATIVE_PYTHON, a Python with TensorFlow)",
  async () => {
    const folder = join(scratch, "native");
    const { tensorflow } = await installNative({ python: realPython ?? "", folder });
    expect(tensorflow).toMatch(/^\d+\.\d+/);
    expect(nativeStatus(folder)).toMatchObject({ state: "installed", manifest: { tensorflow } });
    const load = `const [quiet, binding] = process.argv.slice(1); const { silence, restore } = require(quiet);
silence(); require(binding); restore(); console.error("heard");`;
    const { code, stderr } = await runProgram(process.execPath, ["-e", load, join(folder, QUIET), join(folder, BINDING)]);
    expect([code, stderr]).toEqual([0, "heard\n"]);
    expect(await removeNative(folder)).toBe(true);
    expect(existsSync(folder)).toBe(false);
  },
  600_000,
);

test("functions that newer Node versions removed are put back, those that are there stay", () => {
  const isArray = () => false;
  const util: Record<string, unknown> = { isArray };
  guardRemovedUtil(util);
  const { isNullOrUndefined } = util as { isNullOrUndefined: (value: unknown) => boolean };
  expect([undefined, null, 0, ""].map(isNullOrUndefined)).toEqual([true, true, false, false]);
  expect(util["isArray"]).toBe(isArray);
});
