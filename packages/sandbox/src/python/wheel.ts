import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "@retool-ts/core";
import { pythonFolder } from "./data-folder.js";
import { readZip, ZipProblem } from "./zip.js";

/** Name, version, optional build number, and the tags of Python, ABI and platform; PEP 427. */
const NAME = /^(?<name>[A-Za-z0-9_.]+)-(?<version>[A-Za-z0-9_.!+]+)(?:-\d[^-]*)?-(?<python>[^-]+)-(?<abi>[^-]+)-(?<platform>[^-]+)\.whl$/;

/** A wheel's name and version. */
export interface WheelInfo {
  readonly file: string;
  readonly name: string;
  readonly version: string;
}

/** Checks that a file is a whole, pure-Python wheel; throws {@link InputError} when it is not. Its code is not run. */
export function checkWheel(file: string): WheelInfo {
  const groups = NAME.exec(basename(file))?.groups;
  if (groups === undefined)
    throw problem(file, "a wheel's name, NAME-VERSION-PYTHON-ABI-PLATFORM.whl", basename(file), "keep the name it was downloaded with");
  const { name = "", version = "", python = "", abi, platform } = groups;
  if (abi !== "none" || platform !== "any" || !/(?:^|\.)py3/.test(python)) {
    throw problem(
      file,
      "a pure-Python wheel (py3-none-any)",
      `${python}-${String(abi)}-${String(platform)}`,
      "take a package without native code",
    );
  }
  const files = contentOf(file);
  const native = [...files.keys()].find((path) => /\.(?:so|pyd|dll|dylib|a)(?:\.|$)/.test(path));
  if (native !== undefined) throw problem(file, "no native code", native, "take a package without native code");
  const meta = contentAt(files, /^[^/]+\.dist-info\/WHEEL$/);
  if (meta === undefined || !/^Root-Is-Purelib: true\r?$/m.test(meta.toString("utf8"))) {
    throw problem(
      file,
      "Root-Is-Purelib: true in its dist-info/WHEEL",
      meta === undefined ? "no such file" : "another value",
      "take a pure-Python wheel",
    );
  }
  checkRecord(file, files);
  return { file, name, version };
}

/** Copies checked wheels, and those in folders, into the data folder, in place of other versions of theirs. */
export function addWheels(paths: readonly string[], folder?: string): WheelInfo[] {
  const infos = paths.flatMap(wheelsAt).map(checkWheel);
  const target = join(pythonFolder(folder), "wheels");
  mkdirSync(target, { recursive: true, mode: 0o700 });
  for (const { file, name } of infos) {
    const draft = join(target, `.${basename(file)}.${process.pid}.tmp`);
    copyFileSync(file, draft);
    for (const other of readdirSync(target)) {
      if (other.toLowerCase().startsWith(`${name.toLowerCase()}-`) && other !== basename(file)) rmSync(join(target, other));
    }
    renameSync(draft, join(target, basename(file)));
  }
  return infos;
}

function wheelsAt(path: string): string[] {
  const expected = "a wheel, or a folder of wheels";
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw problem(path, expected, "nothing", "mend the path");
  }
  if (!isFolder) return [path];
  const wheels = readdirSync(path)
    .filter((name) => name.endsWith(".whl"))
    .sort();
  if (wheels.length === 0) throw problem(path, expected, "a folder without wheels", "mend the path");
  return wheels.map((name) => join(path, name));
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
    if (error instanceof ZipProblem) throw problem(file, expected, error.message, "download it again");
    throw problem(file, expected, error instanceof Error ? error.message : String(error), "mend the path");
  }
}

/** Every file must have the hash that the wheel's record gives it. */
function checkRecord(file: string, files: Files): void {
  const record = contentAt(files, /^[^/]+\.dist-info\/RECORD$/);
  if (record === undefined) throw problem(file, "a dist-info/RECORD", "none", "download it again");
  for (const line of record.toString("utf8").split(/\r?\n/)) {
    const [, path, hash] = /^"?(.*?)"?,sha256=([\w-]+)=*,\d*$/.exec(line) ?? [];
    if (path === undefined) continue;
    const bytes = files.get(path);
    if (bytes === undefined) throw problem(file, "every file of its record", `${path} is missing`, "download it again");
    if (createHash("sha256").update(bytes).digest("base64url") !== hash)
      throw problem(file, "the files of its record", `another ${path}`, "download it again");
  }
}

function problem(file: string, expected: string, found: string, fix: string): InputError {
  return new InputError({ what: "wheel", where: file, expected, found, fix });
}
