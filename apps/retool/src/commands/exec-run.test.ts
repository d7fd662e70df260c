import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sandboxFusionClient, type ExecutionResult } from "@retool-ts/sandbox";
import { expect, test } from "vitest";
import { codeOf, exec, type ExecOptions } from "./exec-run.js";
import { createReporter } from "../shell/log.js";
import { addPythonWheels, installPythonPackages, serve } from "./sandbox-run.js";

const preset: ExecOptions = { language: "javascript", cell: [], seed: 0 };

async function run(
  options: Partial<ExecOptions>,
  ...chunks: readonly (string | Buffer)[]
): Promise<{ readonly isWell: boolean; readonly printed: string[] }> {
  const printed: string[] = [];
  async function* input(): AsyncGenerator<string | Buffer> {
    yield* chunks;
  }
  const context = { print: (text: string) => void printed.push(text), signal: new AbortController().signal };
  return { isWell: await exec({ ...preset, ...options }, input(), context), printed };
}

test("code from stdin prints what the model would read", async () => {
  const bytes = Buffer.from("print('héllo')\nfactor(360)");
  expect(await run({}, bytes.subarray(0, 8), bytes.subarray(8))).toEqual({
    isWell: true,
    printed: ["héllo\n[ [ 2, 3 ], [ 3, 2 ], [ 5, 1 ] ]"],
  });
  expect(await run({}, "null.x")).toEqual({ isWell: false, printed: ["TypeError: cannot read property 'x' of null (line 1)"] });
  expect((await run({}, "print('\\x1b[2J')")).printed[0]).not.toContain("\x1b");
});

test("a file holds the code as stdin does; - is stdin, and cells stand alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-exec-"));
  try {
    const file = join(folder, "code.js");
    await writeFile(file, "factor(6)");
    const chunks: string[] = [];
    for await (const chunk of await codeOf(file, preset)) chunks.push(String(chunk));
    expect(chunks).toEqual(["factor(6)"]);
    expect(await codeOf("-", preset)).toBe(process.stdin);
    await expect(codeOf(join(folder, "none"), preset)).rejects.toThrow(/none: expected a file with code, found nothing/);
    await expect(codeOf(file, { cell: ["1"] })).rejects.toThrow(/expected none beside --cell/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a fault of Python's packages names the command that mends it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-wheels-"));
  try {
    const wheel = join(folder, "some-1.0-cp313-cp313-linux_x86_64.whl");
    await writeFile(wheel, "");
    const print = () => undefined;
    expect(() => addPythonWheels([wheel], folder, { print })).toThrow(
      /found cp313-cp313-linux_x86_64\..*; retool sandbox python install NAME/,
    );
    const context = { print, reporter: createReporter({ quiet: () => true }), signal: new AbortController().signal };
    const install = (name: string) => installPythonPackages([name], { from: folder, output: folder, quiet: true }, context);
    await expect(install("nump")).rejects.toThrow(/To mend it: write numpy\.$/);
    await expect(install("qqqqqqqqq")).rejects.toThrow(/add that; retool sandbox python add-wheel FILE/);
    await expect(install("mpmath")).rejects.toThrow(/no such file.*; retool sandbox python install NAME --from FOLDER\|ARCHIVE\|URL/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("cells share a session; limits and JSON", async () => {
  const { isWell, printed } = await run({ cell: ["let x = 41", "for (;;);", "x + 1"], fuel: 20, json: true });
  expect(isWell).toBe(false);
  expect(printed.map((line) => (JSON.parse(line) as ExecutionResult).status)).toEqual(["ok", "fuel", "ok"]);
  expect(JSON.parse(printed[2]!)).toMatchObject({ value: "42", usage: { fuel: expect.any(Number) as unknown } });
});

test("a session on stdin, one JSON line a cell", async () => {
  const lines = '"let n = 1"\n{"code": "n += 1\\nn"}\n\n"n * 10"';
  expect(await run({ session: true }, lines.slice(0, 15), lines.slice(15))).toEqual({ isWell: true, printed: ["2", "20"] });
  await expect(run({ session: true }, "let n = 1\n")).rejects.toThrow("line 1 of stdin");
  await expect(run({ session: true }, '{"cell": 1}\n')).rejects.toThrow("code");
});

test("what it cannot do is said", async () => {
  await expect(run({ language: "perl" }, "1")).rejects.toThrow("--language");
  await expect(run({ fuel: 0 }, "1")).rejects.toThrow("limits.fuel");
});

test("the server runs until it is told to stop", async () => {
  const stop = new AbortController();
  let serving: Promise<void> | undefined;
  const url = await new Promise<string>((resolve, reject) => {
    const reporter = { say: () => undefined, warn: () => undefined, progress: () => undefined, close: () => undefined } as never;
    const options = {
      host: "127.0.0.1",
      port: 0,
      token: "t",
      workers: 1,
      maxConcurrency: 4,
      queueLimit: 4,
      maxBodyBytes: 10_000,
      fuel: 50,
    };
    serving = serve(options, { print: resolve, reporter, signal: stop.signal });
    serving.catch(reject);
  });
  expect(await sandboxFusionClient({ url, token: "t" }).run("6 * 7")).toMatchObject({ status: "ok", value: "42" });
  expect(await sandboxFusionClient({ url }).run("1")).toMatchObject({ status: "infra", reason: "the server answered 401" });
  stop.abort();
  await serving;
  await expect(fetch(url)).rejects.toThrow();
});
