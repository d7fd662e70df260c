import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSandbox, sandboxFusionClient, serveSandboxFusion, type Sandbox, type SandboxFusionServer } from "../src/index.js";

let sandbox: Sandbox;
let server: SandboxFusionServer;
beforeAll(async () => {
  sandbox = await createSandbox();
  server = await serveSandboxFusion({ sandbox, port: 0, limits: { fuel: 200 } });
});
afterAll(async () => {
  await server.close();
  await sandbox.close();
});

interface Reply {
  readonly code: number;
  readonly body: Readonly<Record<string, never>>;
  /** Characters of the body. */
  readonly length: number;
}

async function post(
  path: string,
  body: unknown,
  { url = server.url, headers = {} }: { url?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    body: text,
    headers: { "content-type": "application/json", ...headers },
  });
  const answer = await response.text();
  return { code: response.status, body: JSON.parse(answer) as Readonly<Record<string, never>>, length: answer.length };
}

const js = (code: string): unknown => ({
  code,
  language: "nodejs",
  compile_timeout: 30,
  run_timeout: 30,
  memory_limit_MB: 1024,
  stdin: null,
  files: {},
  fetch_files: [],
});

describe("/run_code", () => {
  test.each([
    [
      "console.log('hi'); 1 + 1",
      { status: "Success", run_result: { status: "Finished", return_code: 0, stdout: "hi\n", stderr: "", value: "2" } },
    ],
    [
      "console.log('hi'); null.x",
      {
        status: "Failed",
        run_result: {
          status: "Finished",
          return_code: 1,
          stdout: "hi\n",
          stderr: "TypeError: cannot read property 'x' of null (line 1)\n",
        },
      },
    ],
    [
      "let x = ;",
      { status: "Failed", run_result: { status: "Finished", return_code: 1, stderr: "SyntaxError: Unexpected token (line 1)\n" } },
    ],
    ["print('a'); for (;;);", { status: "Failed", run_result: { status: "TimeLimitExceeded", return_code: null, stdout: "a\n" } }],
    [
      "const q = []; for (;;) q.push(new Uint8Array(1e6))",
      { status: "Failed", run_result: { status: "Finished", return_code: 1, stderr: "[out of memory]\n" } },
    ],
    ["for (;;) print(1)", { status: "Failed", run_result: { status: "Finished", return_code: 1, stderr: "[output limit]\n" } }],
  ])("%s", async (code, expected) => {
    const { code: status, body } = await post("/run_code", js(code));
    expect(status).toBe(200);
    expect(body).toMatchObject({ message: "", compile_result: null, executor_pod_name: null, files: {}, ...expected });
  });

  test("run_timeout ends code that has fuel for minutes", async () => {
    const patient = await serveSandboxFusion({ sandbox, port: 0, limits: { fuel: 1_000_000 } });
    try {
      const { body } = await post("/run_code", { code: "for (;;);", language: "javascript", run_timeout: 0.01 }, { url: patient.url });
      expect(body).toMatchObject({ run_result: { status: "TimeLimitExceeded", stderr: "[timeout: time limit]\n" } });
    } finally {
      await patient.close();
    }
  });

  test.each([
    ["python", "python is unavailable, because"],
    ["typescript", "typescript is unavailable, because"],
    ["rust", "rust is unavailable, because"],
  ])("%s is refused with a reason", async (language, message) => {
    expect((await post("/run_code", { code: "1", language })).body).toMatchObject({
      status: "SandboxError",
      message: expect.stringContaining(message),
      run_result: null,
    });
  });

  test("files and stdin are refused with a reason", async () => {
    const extra = { code: "1", language: "nodejs" };
    expect((await post("/run_code", { ...extra, files: { "a.txt": "aGk=" } })).body).toMatchObject({
      status: "SandboxError",
      message: expect.stringContaining("files"),
    });
    expect((await post("/run_code", { ...extra, stdin: "1" })).body).toMatchObject({
      status: "SandboxError",
      message: expect.stringContaining("stdin"),
    });
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    { language: "nodejs" },
    { code: 1, language: "nodejs" },
    { code: "1", language: "cobol" },
    { code: "1", language: "nodejs", run_timeout: "x" },
  ])("%j is a bad request", async (body) => {
    const reply = await post("/run_code", body);
    expect(reply.code).toBe(422);
    expect(reply.body["detail"]).toMatchObject([{ loc: expect.arrayContaining(["body"]) }]);
  });
});

describe("/run_jupyter", () => {
  test("cells share their state, also after an error", async () => {
    const { body } = await post("/run_jupyter", { cells: ["let x = 1; print('a')", "x = 2; null.y", "x + 1"], kernel: "nodejs" });
    expect(body).toMatchObject({
      status: "Success",
      driver: { status: "Finished", return_code: 0 },
      cells: [
        { stdout: "a\n", display: [], error: [] },
        { error: [{ ename: "TypeError", evalue: expect.stringContaining("'y'") as unknown }] },
        { display: [{ "text/plain": "3" }], error: [] },
      ],
    });
  });

  test("what all cells print together is bounded; the cells beyond are not run, and the server goes on", async () => {
    const cells = Array.from({ length: 1_000 }, () => "print('\\0'.repeat(8000))"); // six characters of JSON each
    const { body, length } = await post("/run_jupyter", { cells, kernel: "nodejs", total_timeout: 300 });
    expect(body).toMatchObject({
      status: "Failed",
      message: expect.stringMatching(/^the answer is longer than \d+ characters/) as unknown,
    });
    expect((body["cells"] as unknown as unknown[]).length).toBeLessThan(300);
    expect(length).toBeLessThan(16 * 2 ** 20);
    expect((await post("/run_code", js("6 * 7"))).body).toMatchObject({ status: "Success" });
  });

  test("more cells than a notebook has are refused before any is run", async () => {
    const { code, body } = await post("/run_jupyter", { cells: Array.from({ length: 40_000 }, () => "1"), kernel: "nodejs" });
    expect([code, body["detail"]]).toEqual([422, [{ loc: ["body", "cells"], msg: "expected at most 1000 cells", type: "value_error" }]]);
  });

  test("a cell that is too slow ends the run; python is refused; no session is left open", async () => {
    const slow = await post("/run_jupyter", { cells: ["1", "for (;;);", "2"], kernel: "javascript" });
    expect(slow.body).toMatchObject({
      status: "Failed",
      driver: { status: "TimeLimitExceeded" },
      cells: [{ error: [] }, { error: [{ ename: "fuel" }] }],
    });
    expect((await post("/run_jupyter", { cells: ["1"] })).body).toMatchObject({
      status: "SandboxError",
      message: expect.stringContaining("python3"),
    });
    expect(sandbox.stats().openSessions).toBe(0);
  });
});

describe("the server", () => {
  test("ping, health, metrics, and what is not there", async () => {
    const get = async (path: string): Promise<readonly [number, string]> => {
      const response = await fetch(`${server.url}${path}`);
      return [response.status, await response.text()];
    };
    expect(await get("/v1/ping")).toEqual([200, "pong"]);
    expect(await get("/health")).toEqual([200, "ok"]);
    expect((await get("/metrics"))[1]).toMatch(/^retool_sandbox_runs_total\{status="ok"\} \d+$/m);
    expect((await get("/nothing"))[0]).toBe(404);
    expect((await get("/run_code"))[0]).toBe(405);
    expect((await post("/run_code", js("1"), { headers: { "content-type": "text/plain" } })).code).toBe(415);
  });

  test("asks for its token, and needs one beyond loopback", async () => {
    const guarded = await serveSandboxFusion({ sandbox, port: 0, token: "secret" });
    expect((await post("/run_code", js("1"), guarded)).code).toBe(401);
    expect((await post("/run_code", js("1"), { url: guarded.url, headers: { authorization: "Bearer wrong" } })).code).toBe(401);
    expect(await sandboxFusionClient({ url: guarded.url, token: "secret" }).run("40 + 2")).toMatchObject({ status: "ok", value: "42" });
    expect((await fetch(`${guarded.url}/metrics`)).status).toBe(401);
    await guarded.close();
    await expect(serveSandboxFusion({ sandbox, host: "0.0.0.0", port: 0 })).rejects.toThrow("token");
  });

  test("an address that it cannot have is refused with the reason", async () => {
    for (const port of [-1, 65_536, 80.5, Number.NaN]) {
      await expect(serveSandboxFusion({ sandbox, port })).rejects.toThrow(`port: expected a whole number from 0 to 65535, found ${port}.`);
    }
    const taken = Number(new URL(server.url).port);
    await expect(serveSandboxFusion({ sandbox, port: taken })).rejects.toThrow(
      `sandbox server: 127.0.0.1:${taken}: expected a free address of this machine, found one that another program listens at.`,
    );
  });

  test("refuses long bodies and more requests than may wait, and shuts down in good order", async () => {
    const small = await serveSandboxFusion({
      sandbox,
      port: 0,
      maxBodyBytes: 300,
      maxConcurrency: 1,
      queueLimit: 1,
      limits: { fuel: 1e9, wallMs: 3_000 },
    });
    expect((await post("/run_code", js("1".repeat(400)), small)).code).toBe(413);
    const answers: number[] = [];
    const busy = Array.from({ length: 5 }, () => post("/run_code", js("for (;;);"), small).then(({ code }) => answers.push(code)));
    while (answers.length < 3) await new Promise((resolve) => setTimeout(resolve, 5)); // those that are refused; the others are in
    const closed = small.close();
    await Promise.all(busy);
    expect(answers).toEqual([429, 429, 429, 200, 200]);
    await closed;
    await expect(fetch(`${small.url}/health`)).rejects.toThrow();
  });

  test("a client that goes away ends its run", async () => {
    const patient = await serveSandboxFusion({ sandbox, port: 0, limits: { fuel: 1e9, wallMs: 60_000 } });
    const gone = new AbortController();
    const run = sandboxFusionClient({ url: patient.url }).run("for (;;);", { signal: gone.signal });
    setTimeout(() => gone.abort(), 200);
    expect(await run).toMatchObject({ status: "killed", feedback: "[stopped]" });
    await patient.close();
    expect((await sandbox.run("1")).feedback).toBe("1");
  });
});

describe("the client", () => {
  test.each([
    ["print('a'); 6 * 7", { status: "ok", value: "42", stdout: "a\n", feedback: "a\n42" }],
    [
      "print('a'); throw new RangeError('no: way')",
      { status: "error", error: { name: "RangeError", message: "no: way (line 1)" }, feedback: "a\nRangeError: no: way (line 1)" },
    ],
    ["print('a'); for (;;);", { status: "fuel", feedback: "a\n[timeout: fuel limit]" }],
  ])("%s", async (code, expected) => {
    expect(await sandboxFusionClient({ url: server.url }).run(code)).toMatchObject(expected);
  });

  test("a language that is not there is infra", async () => {
    expect(await sandboxFusionClient({ url: server.url, language: "python" }).run("1")).toMatchObject({
      status: "infra",
      reason: expect.stringContaining("python"),
    });
    expect(await sandboxFusionClient({ url: "http://127.0.0.1:9" }).run("1")).toMatchObject({ status: "infra" });
  });

  test("504 is tried three times, other codes once, and no more run at once than the rate limit", async () => {
    let [asked, active, most] = [0, 0, 0];
    let code = 504;
    const fake = createServer((_request, response) => {
      asked++;
      most = Math.max(most, ++active);
      setTimeout(() => {
        active--;
        response.writeHead(code).end();
      }, 20);
    });
    await new Promise<void>((resolve) => fake.listen(0, "127.0.0.1", resolve));
    const client = sandboxFusionClient({ url: `http://127.0.0.1:${(fake.address() as AddressInfo).port}`, retryDelayMs: 1, rateLimit: 2 });
    expect(await client.run("1")).toMatchObject({ status: "infra", reason: "the server answered 504" });
    expect(asked).toBe(3);
    code = 500;
    const results = await Promise.all(Array.from({ length: 6 }, () => client.run("1")));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["infra"]));
    expect([asked, most]).toEqual([9, 2]);
    fake.close();
  });
});
