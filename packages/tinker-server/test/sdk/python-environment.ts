import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import environments from "./environments.json" with { type: "json" };

const run = promisify(execFile);

/** Where environments stay between runs; they are large, and outside of the repository. */
const FOLDER = process.env["RETOOL_PEERS_FOLDER"] ?? join(tmpdir(), "retool-peers");

/** Says why tests with a peer do not run; undefined where they do. */
export async function whyNot(peer: string): Promise<string | undefined> {
  if (!(process.env["RETOOL_PEERS"] ?? "").split(",").includes(peer)) return `RETOOL_PEERS does not name ${peer}`;
  return (await findPython()) === undefined ? "there is no Python 3.11" : undefined;
}

async function findPython(): Promise<string | undefined> {
  for (const name of [process.env["RETOOL_PYTHON"], "python3.11"]) {
    if (name === undefined) continue;
    const found = await run(name, ["-c", "import sys; assert sys.version_info[:2] == (3, 11)"]).catch(() => undefined);
    if (found !== undefined) return name;
  }
  return undefined;
}

/** A Python with the packages that `environments.json` names, in an environment that is made once. */
export async function pythonOf(name: keyof typeof environments): Promise<string> {
  const folder = join(FOLDER, name);
  const python = join(folder, "bin", "python");
  if (existsSync(join(folder, "ready"))) return python;
  const packages = environments[name];
  await rm(folder, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  await run((await findPython())!, ["-m", "venv", folder]);
  await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages], { maxBuffer: 2 ** 26 });
  await writeFile(join(folder, "ready"), packages.join("\n"));
  return python;
}

/** Runs a script of this folder; the last line of its output is JSON. */
export async function runScript<T>(python: string, script: string, args: readonly string[]): Promise<T> {
  const path = join(import.meta.dirname, script);
  const environment = { ...process.env, TINKER_API_KEY: "tml-secret", HF_HUB_OFFLINE: "1" };
  const { stdout } = await run(python, [path, ...args], { maxBuffer: 2 ** 26, env: environment }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(`${script} failed:\n${(error.stderr ?? error.message).slice(-4000)}`);
    },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
}
