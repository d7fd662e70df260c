import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, sandboxFusionClient, serveSandboxFusion, type Sandbox, type SandboxFusionServer } from "../../src/index.js";
import { BACKENDS, python } from "./backends.js";

let javascript: Sandbox;
beforeAll(async () => {
  javascript = await createSandbox();
});
afterAll(() => javascript.close());

describe.each(BACKENDS)("%s", (backend) => {
  let server: SandboxFusionServer;
  beforeAll(async () => {
    server = await serveSandboxFusion({ sandbox: javascript, python: () => createSandbox(python(backend)), port: 0 });
  });
  afterAll(() => server.close());

  async function post(path: string, body: unknown): Promise<unknown> {
    const headers = { "content-type": "application/json" };
    return (await fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  }

  test("/run_code speaks python, and JavaScript beside it", async () => {
    expect(await post("/run_code", { code: "print('hi')\n6 * 7", language: "python" })).toMatchObject({
      status: "Success",
      run_result: { status: "Finished", return_code: 0, stdout: "hi\n", value: "42" },
    });
    expect(await post("/run_code", { code: "1 / 0", language: "python" })).toMatchObject({
      status: "Failed",
      run_result: { return_code: 1, stderr: expect.stringMatching(/^Traceback [^]*ZeroDivisionError: division by zero\n$/) },
    });
    expect(await post("/run_code", { code: "import sys; sys.exit(0)", language: "python" })).toMatchObject({ status: "Failed" });
    expect(await post("/run_code", { code: "while True: pass", language: "python", run_timeout: 0.3 })).toMatchObject({
      run_result: { status: "TimeLimitExceeded" },
    });
    expect(await post("/run_code", { code: "[].length", language: "nodejs" })).toMatchObject({ status: "Success" });
  }, 180_000);

  test("/run_jupyter keeps a python3 kernel's state", async () => {
    expect(await post("/run_jupyter", { cells: ["x = 2", "1 / 0", "x * 21"], kernel: "python3", total_timeout: 60 })).toMatchObject({
      cells: [{ error: [] }, { error: [{ ename: "ZeroDivisionError" }] }, { display: [{ "text/plain": "42" }] }],
    });
  }, 180_000);

  test("the client reads Python's error", async () => {
    const result = await sandboxFusionClient({ url: server.url, language: "python" }).run("{}['k']");
    expect(result).toMatchObject({ status: "error", error: { name: "KeyError", message: "'k'" } });
  }, 180_000);
});

test("a backend that is absent is said in the answer", async () => {
  const server = await serveSandboxFusion({
    sandbox: javascript,
    python: () => Promise.reject(new Error("pyodide is unavailable, because it is not there")),
    port: 0,
  });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}/run_code`, {
    method: "POST",
    headers,
    body: JSON.stringify({ code: "1", language: "python" }),
  });
  expect(await response.json()).toMatchObject({ status: "SandboxError", message: "pyodide is unavailable, because it is not there" });
  await server.close();
});
