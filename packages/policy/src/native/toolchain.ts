import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { InputError } from "@retool-ts/core";
import { runProgram } from "./run-program.js";

/**
 * A C++ compiler: `CXX`, or the first of the usual names that runs.
 *
 * @throws InputError when there is none
 */
export async function findCompiler(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const names = environment["CXX"] ? [environment["CXX"]] : ["c++", "g++", "clang++"];
  for (const name of names) {
    if ((await runProgram(name, ["--version"])).code === 0) return name;
  }
  throw new InputError({
    what: "native install",
    where: "C++ compiler",
    expected: "one that runs",
    found: `none of ${names.join(", ")}`,
    fix: "install one (`apt-get install g++`, `dnf install gcc-c++`), or set CXX to its path",
  });
}

/** Places where Node's headers may lie: beside Node, in the system's folders, where node-gyp downloads them. */
function headerFolders(): string[] {
  const { node } = process.versions;
  return [
    join(dirname(process.execPath), "..", "include", "node"),
    "/usr/include/node",
    "/usr/include/nodejs/src",
    join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "node-gyp", node, "include", "node"),
  ];
}

/**
 * The folder that holds `node_api.h`. Any Node's will do: Node-API is stable across versions.
 *
 * @param chosen - looked at alone when given
 * @throws InputError when the header is nowhere
 */
export function findNodeHeaders(chosen?: string): string {
  const folders = chosen === undefined ? headerFolders() : [chosen, join(chosen, "include", "node")];
  const found = folders.find((folder) => existsSync(join(folder, "node_api.h")));
  if (found !== undefined) return found;
  throw new InputError({
    what: "native install",
    where: chosen === undefined ? "Node's headers" : `--node-headers ${chosen}`,
    expected: "a folder with node_api.h",
    found: `none in ${folders.join(", ")}`,
    fix: "run `npx node-gyp install`, which downloads them, or pass --node-headers <folder>",
  });
}
