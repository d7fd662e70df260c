import { createSandbox, pythonBackends, serveSandboxFusion } from "@retool-ts/sandbox";
import { describe, expect, test, vi } from "vitest";
import { quietShell } from "../../test/quiet-shell.js";
import { createEnvironment } from "./create-environment.js";
import { loadConfig } from "../config/load-config.js";
import { setUpModel } from "./model-setup.js";
import { defaultTemplate } from "./prompt-texts.js";
import { runCommand } from "../commands/recipe-run.js";
import { interpreterLanguage, setUpSandbox } from "./sandbox-setup.js";

/** Pyodide comes with the packages that the tests need, so it is always among them; bwrap is where the machine has it. */
const python = new Set(["pyodide", ...pythonBackends().flatMap(({ name, isAvailable }) => (isAvailable ? [name] : []))]);
const context = { problemId: "p", sampleIndex: 0, callIndex: 0 };

describe("rollouts with Python", () => {
  test.each([...python])("%s runs what the policy writes", { timeout: 60_000 }, async (name) => {
    const set = ["backend=wasm", "sandbox.language=python", `sandbox.pythonBackend=${name}`, "sandbox.wallMs=10000"];
    const config = await loadConfig({ preset: "smoke", set });
    const model = await setUpModel(config);
    const environment = await createEnvironment(config, model);
    try {
      const [tool] = environment.tools;
      expect(await tool!.call({ code: "print(2 ** 100)" }, context)).toMatchObject({
        status: "ok",
        text: expect.stringContaining("1267650600228229401496703205376"),
      });
      expect(await tool!.call({ code: "const x = 1" }, context)).toMatchObject({
        status: "error",
        text: expect.stringContaining("SyntaxError"),
      });
    } finally {
      await environment.close();
      model.dispose();
    }
  });
});

test("prompts speak of the language that is run, with a program in it", async () => {
  const language = interpreterLanguage(await loadConfig({ preset: "verl-grpo-7b" }));
  const text = defaultTemplate({ format: "chat", dialect: "xml", tools: true, language });
  expect(text).toContain("a complete Python program");
  expect(text).toContain("```python\nprint(6 * 7)\n```");
});

test("a SandboxFusion server runs the code of a recipe, and refuses what it cannot do", async () => {
  const sandbox = await createSandbox();
  const server = await serveSandboxFusion({ sandbox, port: 0, token: "t" });
  vi.stubEnv("RETOOL_SANDBOX_TOKEN", "t");
  const remote = (...more: string[]) => loadConfig({ preset: "smoke", set: ["backend=wasm", `sandbox.url=${server.url}`, ...more] });
  try {
    const config = await remote();
    const model = await setUpModel(config);
    const environment = await createEnvironment(config, model);
    try {
      expect(await environment.tools[0]!.call({ code: "console.log(6 * 7)" }, context)).toMatchObject({ status: "ok", text: "42" });
      expect(environment.sandbox.stats().finished.ok).toBe(1);
      expect(sandbox.stats().finished.ok).toBe(1);
      await expect(environment.sandbox.open()).rejects.toThrow("a SandboxFusion server, which runs each code on its own");
    } finally {
      await environment.close();
      model.dispose();
    }
    await expect(setUpSandbox(await remote("sandbox.stateful=true"))).rejects.toThrow("sandbox.stateful: expected none with sandbox.url");
    await expect(setUpSandbox(await remote("sandbox.preload=[decimal]"))).rejects.toThrow(
      "sandbox.preload: expected none with sandbox.url",
    );
    await expect(remote("sandbox.url=nowhere")).rejects.toThrow("sandbox.url");
  } finally {
    vi.unstubAllEnvs();
    await server.close();
    await sandbox.close();
  }
});

test("a backend that is not there, and settings of the other language, are refused", async () => {
  const libraries = await loadConfig({ preset: "smoke", set: ["sandbox.language=python", "sandbox.preload=[decimal]"] });
  await expect(setUpSandbox(libraries)).rejects.toThrow("config: sandbox.preload: expected none with Python, found decimal");
  const run = { preset: "smoke" as const, set: ["sandbox.language=python"], output: "absent", resume: false, dryRun: false };
  await expect(runCommand("quickstart", { sft: true, rl: true }, run, quietShell())).rejects.toThrow(
    "sft.stages.0.source: expected conversations of a file, with sandbox.language python, found generated traces",
  );
});
