import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createRunFolder } from "@retool-ts/runs";
import { afterEach, describe, expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";

const built = useBuiltCommandLine({ beside: "test/watch-beside-program.ts" });
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Starts a program, and waits for the address in what it prints. */
async function start(...args: readonly string[]) {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  const exit = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  let seen = "";
  const url = await new Promise<string>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      seen += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(seen)?.[0];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("close", () => reject(new Error(seen)));
  });
  return { child, exit, url };
}

async function exampleRun(name: string): Promise<string> {
  const run = await createRunFolder(join(built.scratch, name));
  await run.writeConfig("train:\n  steps: 8\n  groupSize: 4\n");
  await run.appendMetrics({ phase: "rl", step: 2, "rl/step": 2, "reward/mean": 0.5 });
  return run.path;
}

const isGone = (url: string) => fetch(`${url}/health`).then(() => false, () => true); // prettier-ignore

describe("retool watch, as a process", () => {
  test.skipIf(process.platform === "win32")("serves runs with their config until it is told to end", async () => {
    const { child, exit, url } = await start(built.program("cli"), "watch", await exampleRun("one"));
    expect(await (await fetch(`${url}/parts/runs`)).text()).toContain("step 2 of 8");
    expect(await (await fetch(`${url}/parts/config`)).text()).toContain("train.groupSize");
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    expect(await isGone(url)).toBe(true);
  });

  test("a folder that is not there is told in one message", async () => {
    const child = spawn(process.execPath, [built.program("cli"), "watch", join(built.scratch, "absent")]);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    expect((await once(child, "close"))[0]).not.toBe(0);
    expect(said).toMatch(/^error: watch: .*absent: expected a folder, found nothing/);
  });

  test("beside a run it answers while the run computes, and ends with it however that ends", async () => {
    const run = await exampleRun("two");
    const { child, exit, url } = await start(built.program("beside"), built.program("cli"), run);
    expect(await (await fetch(`${url}/parts/runs`)).text()).toContain("step 2 of 8"); // the program's own thread is busy for good
    child.kill("SIGKILL");
    await exit;
    while (!(await isGone(url))) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});
