import { expect, test } from "vitest";
import { backOffMs, DEFAULT_RETRIES, retryAfterMs } from "./back-off.js";
import { ManualTimer } from "./manual-timer.test-support.js";
import { StubServer } from "./stub-server.test-support.js";
import { Transport } from "./transport.js";

function transportOf(server: StubServer, options = {}): Transport {
  return new Transport({ baseUrl: "http://stub", fetch: server.fetch, timer: server.timer, random: () => 0.5, ...options });
}

test("a request that fails is sent again with the same key, and waits double", async () => {
  const server = new StubServer().plan("create_session", { status: 500, json: { detail: "x" } }, "cut", { status: 503, json: {} });
  const waits: number[] = [];
  const transport = transportOf(server, { onRetry: ({ waitMs }: { waitMs: number }) => void waits.push(waitMs) });
  const answer = await server.timer.settle(transport.send({ route: "create_session", body: "{}", contentType: "application/json" }));
  expect(answer.status).toBe(200);
  expect(new Set(server.seen.map(({ headers }) => headers["x-idempotency-key"])).size).toBe(1);
  expect(server.seen.map(({ headers }) => headers["x-retry-count"])).toEqual(["0", "1", "2", "3"]);
  expect(waits).toEqual([375, 750, 1500]); // 0.75 of 500, 1,000, 2,000
});

test("two requests have two keys", async () => {
  const server = new StubServer();
  const transport = transportOf(server);
  for (let i = 0; i < 2; i++) await server.timer.settle(transport.send({ route: "create_session", body: "{}" }));
  expect(new Set(server.seen.map(({ headers }) => headers["x-idempotency-key"])).size).toBe(2);
});

test("a server's Retry-After is waited for", async () => {
  const server = new StubServer().plan("create_session", { status: 429, json: {}, headers: { "retry-after": "7" } });
  const waits: number[] = [];
  const transport = transportOf(server, { onRetry: ({ waitMs }: { waitMs: number }) => void waits.push(waitMs) });
  await server.timer.settle(transport.send({ route: "create_session", body: "{}" }));
  expect(waits).toEqual([7_000]);
});

test("Retry-After is seconds or a date", () => {
  const now = () => Date.UTC(2026, 0, 1, 0, 0, 0);
  expect(["2", "0", "-1", "", "soon", null].map((header) => retryAfterMs(header, now))).toEqual([
    2_000,
    0,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5_000);
  expect(retryAfterMs("Wed, 31 Dec 2025 00:00:00 GMT", now)).toBe(0);
});

test("back-off doubles up to a bound, and is drawn from its upper half", () => {
  const at = (attempt: number, random: number) => backOffMs(attempt, DEFAULT_RETRIES, { random: () => random });
  expect([0, 1, 2, 10].map((attempt) => at(attempt, 1))).toEqual([500, 1_000, 2_000, 30_000]);
  expect(at(2, 0)).toBe(1_000);
});

test("a body that never ends is given up after the deadline", async () => {
  const server = new StubServer().plan("create_session", "endless body", "no answer");
  const transport = transportOf(server, { requestTimeoutMs: 5_000 });
  await server.timer.settle(transport.send({ route: "create_session", body: "{}" }));
  expect(server.seen).toHaveLength(3);
  expect(server.timer.now()).toBe(2 * 5_000 + 375 + 750);
  expect(server.timer.pending).toBe(0);
});

test.each([
  [400, "TINKER_REQUEST"],
  [401, "TINKER_AUTHENTICATION"],
  [402, "TINKER_PAYMENT"],
  [403, "TINKER_AUTHENTICATION"],
  [404, "TINKER_NOT_FOUND"],
  [409, "TINKER_CONFLICT"],
  [410, "TINKER_NOT_FOUND"],
  [422, "TINKER_REQUEST"],
])("status %i is not tried again and is %s", async (status, code) => {
  const server = new StubServer().plan("optim_step", { status, json: { detail: "no" } });
  const work = transportOf(server).send({ route: "optim_step", body: "{}" });
  await expect(server.timer.settle(work)).rejects.toMatchObject({
    code,
    status,
    route: "optim_step",
    message: `optim_step: status ${status}: no`,
  });
  expect(server.seen).toHaveLength(1);
});

test.each([
  ["cut", "TINKER_CONNECTION", /no answer from http:\/\/stub: read ECONNRESET/],
  ["no answer", "TINKER_TIMEOUT", /no whole answer within 120 s/],
  [{ status: 500, json: { detail: "broken" } }, "TINKER_SERVER", /status 500: broken/],
  [{ status: 429, json: { detail: "busy" } }, "TINKER_BUSY", /status 429: busy/],
] as const)("after all retries %o is %s", async (reply, code, message) => {
  const server = new StubServer().plan("optim_step", reply, reply, reply);
  const work = transportOf(server, { retries: { retries: 2 } }).send({ route: "optim_step", body: "{}" });
  await expect(server.timer.settle(work)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect(server.seen).toHaveLength(3);
});

test("faults of a body are worded by their places", async () => {
  const detail = [{ loc: ["body", "data"], msg: "Field required" }, { msg: "too long" }];
  const server = new StubServer().plan("optim_step", { status: 422, json: { detail } });
  const work = transportOf(server).send({ route: "optim_step", body: "{}" });
  await expect(server.timer.settle(work)).rejects.toThrow("body.data: Field required; body: too long");
});

test("an abort ends a try and a wait, with its reason", async () => {
  const reason = new Error("enough");
  const trying = new AbortController();
  const server = new StubServer().plan("optim_step", () => {
    trying.abort(reason);
    return "no answer";
  });
  await expect(server.timer.settle(transportOf(server).send({ route: "optim_step", signal: trying.signal }))).rejects.toBe(reason);
  expect(server.timer.pending).toBe(0);

  const waiting = new AbortController();
  const other = new StubServer().plan("optim_step", "cut");
  const transport = transportOf(other, { onRetry: () => setImmediate(() => waiting.abort(reason)) });
  await expect(transport.send({ route: "optim_step", signal: waiting.signal })).rejects.toBe(reason);
  expect(other.seen).toHaveLength(1);
  expect(new ManualTimer().pending).toBe(0);
});

test("key and headers are sent", async () => {
  const server = new StubServer();
  await server.timer.settle(
    transportOf(server, { apiKey: "secret", headers: { authorization: "Bearer b" } }).send({ route: "create_session", body: "{}" }),
  );
  expect(server.seen[0]!.headers).toMatchObject({ "x-api-key": "secret", authorization: "Bearer b" });
});
