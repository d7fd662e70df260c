import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { InputError } from "@retool-ts/core";
import { readZip, ZipProblem } from "./zip.js";

/** Name, version, optional build number, and the tags of Python, ABI and platform; PEP 427. */
const NAME = /^(?<name>[A-Za-z0-9_.]+)-(?<version>[A-Za-z0-9_.!+]+)(?:-\d[^-]*)?-(?<python>[^-]+)-(?<abi>[^-]+)-(?<platform>[^-]+)\.whl$/;

/** The platform whose native code the known Pyodide can load, and the second number of its Python's version. */
const PLATFORM = /^(?:pyemscripten|pyodide)_2025_0_wasm32$/;
const MINOR = 13;

/** A wheel's name and version. */
export interface WheelInfo {
  readonly file: string;
  readonly name: string;
  readonly version: string;
}

/** True when a wheel's name says that it has code for Pyodide's WebAssembly. */
export function isNativeWheel(file: string): boolean {
  const { python = "", abi = "", platform = "" } = NAME.exec(basename(file))?.groups ?? {};
  if (!platform.split(".").some((tag) => PLATFORM.test(tag))) return false;
  const minors = Array.from(python.matchAll(/\bcp3(\d+)\b/g), ([, minor]) => Number(minor));
  if (abi === "abi3") return minors.some((minor) => minor <= MINOR); // of one Python, for it and all that follow
  return abi === "none" ? /(?:^|\.)py3/.test(python) : abi === `cp3${MINOR}` && minors.includes(MINOR);
}

/** Checks that a file is a whole wheel, pure or for Pyodide; throws {@link InputError} when it is not. Its code is not run. */
export function checkWheel(file: string): WheelInfo {
  const groups = NAME.exec(basename(file))?.groups;
  if (groups === undefined)
    throw wheelProblem(
      file,
      "a wheel's name, NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
      basename(file),
      "keep the name it was downloaded with",
    );
  const { name = "", version = "", python = "", abi, platform } = groups;
  const isNative = isNativeWheel(file);
  if (!isNative && (abi !== "none" || platform !== "any" || !/(?:^|\.)py3/.test(python))) {
    throw wheelProblem(
      file,
      "a pure-Python wheel (py3-none-any), or one for Pyodide (cp313-cp313-pyemscripten_2025_0_wasm32)",
      `${python}-${String(abi)}-${String(platform)}`,
      "take one of those, or the package of Pyodide's own distribution, when it has one",
    );
  }
  const files = contentOf(file);
  if (!isNative) checkPure(file, files);
  checkRecord(file, files);
  return { file, name, version };
}

function checkPure(file: string, files: Files): void {
  const native = [...files.keys()].find((path) => /\.(?:so|pyd|dll|dylib|a)(?:\.|$)/.test(path));
  if (native !== undefined) throw wheelProblem(file, "no native code", native, "take a package without native code");
  const meta = contentAt(files, /^[^/]+\.dist-info\/WHEEL$/);
  if (meta === undefined || !/^Root-Is-Purelib: true\r?$/m.test(meta.toString("utf8"))) {
    throw wheelProblem(
      file,
      "Root-Is-Purelib: true in its dist-info/WHEEL",
      meta === undefined ? "no such file" : "another value",
      "take a pure-Python wheel",
    );
  }
}

type Files = ReadonlyMap<string, Buffer>;

/** The file whose path is of a form. */
function contentAt(files: Files, form: RegExp): Buffer | undefined {
  const path = [...files.keys()].find((name) => form.test(name));
  return path === undefined ? undefined : files.get(path);
}

function contentOf(file: string): Files {
  const expected = "a whole zip archive";
  try {
    return readZip(readFileSync(file));
  } catch (error) {
    if (error instanceof ZipProblem) throw wheelProblem(file, expected, error.message, "download it again");
    throw wheelProblem(file, expected, error instanceof Error ? error.message : String(error), "mend the path");
  }
}

/** Every file must have the hash that the wheel's record gives it. */
function checkRecord(file: string, files: Files): void {
  const record = contentAt(files, /^[^/]+\.dist-info\/RECORD$/);
  if (record === undefined) throw wheelProblem(file, "a dist-info/RECORD", "none", "download it again");
  for (const line of record.toString("utf8").split(/\r?\n/)) {
    const [, path, hash] = /^"?(.*?)"?,sha256=([\w-]+)=*,\d*$/.exec(line) ?? [];
    if (path === undefined) continue;
    const bytes = files.get(path);
    if (bytes === undefined) throw wheelProblem(file, "every file of its record", `${path} is missing`, "download it again");
    if (createHash("sha256").update(bytes).digest("base64url") !== hash)
      throw wheelProblem(file, "the files of its record", `another ${path}`, "download it again");
  }
}

/** The error about a wheel. */
export function wheelProblem(file: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "wheel", where: file, expected, found, fix });
}
