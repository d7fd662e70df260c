import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { useBuiltCommandLine } from "./built-command-line.js";

const built = useBuiltCommandLine();

test.skipIf(process.platform === "win32")("retool playground serves the page until it is told to end", async () => {
  const child = spawn(process.execPath, [built.program("cli"), "playground"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const exit = once(child, "close");
    const [first] = (await once(child.stdout, "data")) as [Buffer];
    const address = first.toString().trim();
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(await (await fetch(address)).text()).toContain("Watch a model learn to use a tool");
    child.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
