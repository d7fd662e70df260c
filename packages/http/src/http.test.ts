import { once } from "node:events";
import { request as rawRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  httpApp,
  HttpFault,
  HttpMetrics,
  isTimeout,
  onlyMethod,
  openServer,
  readJsonBody,
  RequestGate,
  requestSignal,
  type HttpAppOptions,
  type HttpServer,
  type JsonBodyLimits,
} from "./index.js";

interface Bench extends HttpServer {
  /** Requests that are at work, by the name in their body. */
  readonly at: Map<string, { readonly signal: AbortSignal; readonly end: () => void }>;
  /** Signals of all that came, those that wait among them. */
  readonly asked: Map<string, AbortSignal>;
}

const open: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close(0)));
});

interface BenchOptions extends Partial<HttpAppOptions>, JsonBodyLimits {
  readonly gate?: RequestGate;
  readonly timeoutMs?: number;
}

/** A server whose `/work` ends when the test says so. */
async function bench({
  gate = new RequestGate({ maxConcurrency: 2, queueLimit: 1 }),
  timeoutMs,
  ...options
}: BenchOptions = {}): Promise<Bench> {
  const stopping = new AbortController();
  const at: Bench["at"] = new Map();
  const asked: Bench["asked"] = new Map();
  const metrics = new HttpMetrics();
  metrics.watch(gate);
  const app = httpApp({ errorBody: ({ message, code }) => ({ error: { message, code } }), metrics, ...options });
  app.post("/echo", async (c) => c.json((await readJsonBody(c.req.raw, options)) as object));
  app.get("/broken", () => {
    throw new Error("secret stack");
  });
  app.post("/work", async (c) => {
    gate.check();
    const name = String(await readJsonBody(c.req.raw));
    const { signal, release } = requestSignal(c.req.raw, { stopping: stopping.signal, ...(timeoutMs !== undefined && { timeoutMs }) });
    asked.set(name, signal);
    const ended = (end: () => void): void => {
      at.set(name, { signal, end });
      signal.addEventListener("abort", end);
    };
    try {
      await gate.run(() => new Promise<void>(ended), signal);
      if (isTimeout(signal)) throw new HttpFault(504, "too slow");
      return c.text(signal.aborted ? "stopped" : "done");
    } finally {
      release();
    }
  });
  onlyMethod(app, "POST", ["/work"]);
  const { token } = options;
  const server = await openServer({ what: "bench", port: 0, fetch: app.fetch, stopping, ...(token !== undefined && { token }) });
  open.push(server);
  return { ...server, at, asked };
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers },
});

const work = (name: string): RequestInit => json(JSON.stringify(name));

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("who may come", () => {
  test("a token is asked for everywhere but at /health, as a bearer or in a header of its own", async () => {
    const { url } = await bench({ token: "secret", keyHeader: "x-api-key" });
    const code = async (headers: Record<string, string>) => (await fetch(`${url}/echo`, json([1], headers))).status;
    expect(await code({})).toBe(401);
    expect(await code({ authorization: "Bearer secre" })).toBe(401);
    expect(await code({ authorization: "Bearer secrets" })).toBe(401);
    expect(await code({ "x-api-key": "wrong" })).toBe(401);
    expect(await code({ authorization: "Bearer secret" })).toBe(200);
    expect(await code({ "x-api-key": "secret" })).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await (await fetch(`${url}/echo`, json([1]))).json()).toEqual({
      error: { message: "a bearer token is needed", code: "invalid_api_key" },
    });
  });

  test("beyond loopback it needs one, and an empty one is none", async () => {
    const stopping = new AbortController();
    const common = { what: "bench", port: 0, fetch: () => new Response("x"), stopping };
    await expect(openServer({ ...common, host: "0.0.0.0" })).rejects.toThrow("bench: token: expected a token for 0.0.0.0, found none.");
    await expect(openServer({ ...common, host: "127.0.0.1.example.org" })).rejects.toThrow("token");
    await expect(openServer({ ...common, token: "" })).rejects.toThrow("an empty one");
    await expect(openServer({ ...common, token: "two words" })).rejects.toThrow("expected letters, digits and");
    await expect(openServer({ ...common, port: 65_536 })).rejects.toThrow("expected a whole number from 0 to 65535, found 65536");
  });

  test("without a token, a name that is not this machine's is refused", async () => {
    const { url } = await bench();
    const { port } = new URL(url);
    const asked = rawRequest({ host: "127.0.0.1", port, path: "/health", headers: { host: `evil.example:${port}` } }).end();
    const [response] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(403);
    expect((await fetch(`http://localhost:${port}/health`).catch(() => fetch(`${url}/health`))).status).toBe(200);
  });
});

describe("what is read", () => {
  test.each([
    ["too long as it says", "1".repeat(300), 413],
    ["too many values", `[${"0,".repeat(60)}0]`, 413],
    ["too deep", "[".repeat(12), 400],
    ["no JSON", "{", 400],
    ["nothing", "", 400],
    ["brackets in a string", JSON.stringify(['"[[[[[[[[[[[[[[,,,,,,']), 200],
  ])("%s", async (_, body, status) => {
    const { url } = await bench({ maxBytes: 200, maxValues: 50, maxDepth: 8 });
    expect((await fetch(`${url}/echo`, json(body))).status).toBe(status);
  });

  test("a body that does not say its length is cut off while it comes", async () => {
    const { url } = await bench({ maxBytes: 10_000 });
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++;
        controller.enqueue(new Uint8Array(1_000).fill(0x20));
      },
    });
    const options = { ...json(""), body: endless, duplex: "half" } as RequestInit;
    const status = await fetch(`${url}/echo`, options).then(
      (response) => response.status,
      () => 413, // the connection may be cut before the answer is read
    );
    expect(status).toBe(413);
    expect(sent).toBeLessThan(10_000);
  });

  test("bytes that are no UTF-8, another type, another method, another path, and an error within", async () => {
    const { url } = await bench();
    const bytes = { ...json(""), body: new Uint8Array([0x22, 0xff, 0x22]) };
    expect((await fetch(`${url}/echo`, bytes)).status).toBe(400);
    expect((await fetch(`${url}/echo`, json("1", { "content-type": "text/plain" }))).status).toBe(415);
    const wrong = await fetch(`${url}/work`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    const broken = await fetch(`${url}/broken`);
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain(".ts:");
    const metrics = await (await fetch(`${url}/metrics`)).text();
    for (const code of [400, 404, 405, 415, 500]) expect(metrics).toContain(`retool_http_answers_total{code="${code}"} 1`);
  });
});

describe("what is at work", () => {
  test("no more at once than may, no more waiting than may, and the others are told when to come again", async () => {
    const gate = new RequestGate({ maxConcurrency: 2, queueLimit: 1, retryAfterSeconds: 7 });
    const { url, at } = await bench({ gate });
    const answers = ["a", "b", "c"].map((name) => fetch(`${url}/work`, work(name)));
    await until(() => at.size === 2 && gate.waiting === 1);
    const refused = await fetch(`${url}/work`, work("d"));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "7"]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain("retool_http_active 2");
    expect(metrics).toContain("retool_http_waiting 1");
    [...at.values()].forEach(({ end }) => end());
    await until(() => at.size === 3);
    at.forEach(({ end }) => end());
    expect(await Promise.all(answers.map(async (answer) => (await answer).text()))).toEqual(["done", "done", "done"]);
  });

  test("where none may wait, those that need not are taken", async () => {
    const { url, at } = await bench({ gate: new RequestGate({ maxConcurrency: 1, queueLimit: 0 }) });
    const first = fetch(`${url}/work`, work("a"));
    first.catch(() => {});
    await expect.poll(() => at.has("a")).toBe(true);
    expect((await fetch(`${url}/work`, work("b"))).status).toBe(429);
    at.get("a")!.end();
    expect((await first).status).toBe(200);
  });

  test("a client that goes away ends its work, and is not begun where it waited", async () => {
    const gate = new RequestGate({ maxConcurrency: 1, queueLimit: 4 });
    const { url, at, asked } = await bench({ gate });
    const [first, second] = [new AbortController(), new AbortController()];
    const send = (name: string, { signal }: AbortController) => fetch(`${url}/work`, { ...work(name), signal }).catch(() => "gone");
    const answers = [send("a", first)];
    await until(() => at.size === 1);
    answers.push(send("b", second));
    await until(() => gate.waiting === 1);
    second.abort();
    await until(() => asked.get("b")!.aborted);
    first.abort();
    await until(() => at.get("a")!.signal.aborted && gate.active === 0 && gate.waiting === 0);
    expect([...at.keys()]).toEqual(["a"]);
    expect(await Promise.all(answers)).toEqual(["gone", "gone"]);
  });

  test("a request that takes too long is ended", async () => {
    const { url } = await bench({ timeoutMs: 30 });
    expect((await fetch(`${url}/work`, work("a"))).status).toBe(504);
  });

  test("a request whose headers never end is cut off", async () => {
    const stopping = new AbortController();
    const server = await openServer({ what: "bench", port: 0, fetch: () => new Response("x"), stopping, receiveMs: 50 });
    open.push(server);
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => {}).resume();
    socket.write("POST / HTTP/1.1\r\nhost: localhost\r\nx: ");
    await once(socket, "close");
  });

  test("the end lets requests finish, takes no new ones, and stops those that go on", async () => {
    const { url, at, close } = await bench();
    const [short, long] = ["short", "long"].map((name) => fetch(`${url}/work`, work(name)));
    await until(() => at.size === 2);
    const closed = close(200);
    at.get("short")!.end();
    expect(await (await short!).text()).toBe("done");
    await expect(fetch(`${url}/health`)).rejects.toThrow();
    expect(await (await long!).text()).toBe("stopped");
    await closed;
  });
});
