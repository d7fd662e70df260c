import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chatServer, completion, type ChatAnswer, type ChatServer } from "../../test/chat-server.js";
import type { ChatEndpoint } from "../data-build/chat-endpoint.js";
import { PurposeLabels } from "./purpose-labels.js";

let folder: string;
let server: ChatServer;
let endpoint: ChatEndpoint;
let reply: (user: string, attempt: number) => ChatAnswer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-labels-"));
  server = await chatServer(({ body }, index) => reply(body.messages[1]!.content, index + 1));
  const { signal } = new AbortController();
  const patience = { timeoutMs: 10_000, retries: 3, retryDelayMs: 1, signal };
  endpoint = { url: `${server.url}/`, apiKey: "secret", apiKeyEnv: "OPENAI_API_KEY", ...patience };
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const requests = [
  { code: "gcd(1, 2)", context: "" },
  { code: "x == 3", context: "Let me check." },
];

describe("purposes named by a language model", () => {
  test("are asked for once, by content, and kept", async () => {
    reply = (user) => completion(user.includes("gcd") ? "number theory" : "The purpose is Verification.");
    const file = join(folder, "purposes.jsonl");
    const labels = new PurposeLabels(file, "judge");
    await labels.label([...requests, requests[0]!], endpoint);
    expect(requests.map((request) => labels.purposeOf(request))).toEqual(["number theory", "verification"]);
    expect(server.seen).toHaveLength(2);
    const headers = { authorization: "Bearer secret" };
    expect(server.seen[0]).toMatchObject({ url: "/v1/chat/completions", body: { model: "judge", temperature: 0 }, headers });
    const again = new PurposeLabels(file, "judge");
    await again.label(requests, endpoint);
    expect(server.seen).toHaveLength(2);
    expect(again.purposeOf(requests[1]!)).toBe("verification");
    expect(new PurposeLabels(file, "another").purposeOf(requests[1]!)).toBeUndefined();
  });

  test.each([
    ["Search, though some would say calculation.", "search"],
    ["Calculation rather than search", "calculation"],
    ["I cannot tell.", "other"],
  ])("%s is the purpose that is named first", async (text, purpose) => {
    reply = () => completion(text);
    const labels = new PurposeLabels(join(folder, "purposes.jsonl"), "judge");
    await labels.label(requests.slice(0, 1), endpoint);
    expect(labels.purposeOf(requests[0]!)).toBe(purpose);
  });

  test("a line that a killed process left half-written is dropped and asked for again", async () => {
    reply = () => completion("search");
    const file = join(folder, "purposes.jsonl");
    await new PurposeLabels(file, "judge").label(requests.slice(0, 1), endpoint);
    await appendFile(file, '{"key":"cut');
    await new PurposeLabels(file, "judge").label(requests, endpoint);
    const again = new PurposeLabels(file, "judge");
    expect(requests.map((request) => again.purposeOf(request))).toEqual(["search", "search"]);
    expect(server.seen).toHaveLength(2);
  });

  test("a server that is busy is asked again", async () => {
    reply = (_, attempt) =>
      attempt === 1
        ? { status: 429, body: "", headers: { "retry-after": "0" } }
        : attempt === 2
          ? { status: 503, body: "" }
          : completion("search");
    const labels = new PurposeLabels(join(folder, "purposes.jsonl"), "judge");
    await labels.label(requests.slice(0, 1), endpoint);
    expect([labels.purposeOf(requests[0]!), server.seen.length]).toEqual(["search", 3]);
  });

  test("an answer that names none is other", async () => {
    reply = () => completion("I cannot tell.");
    const labels = new PurposeLabels(join(folder, "purposes.jsonl"), "judge");
    await labels.label(requests.slice(0, 1), endpoint);
    expect(labels.purposeOf(requests[0]!)).toBe("other");
  });

  test("a refusal ends with the server's words, and what was labelled before is kept", async () => {
    reply = (user) => (user.includes("gcd") ? completion("number theory") : { status: 401, body: "no such key" });
    const file = join(folder, "purposes.jsonl");
    const labels = new PurposeLabels(file, "judge");
    await labels.label(requests.slice(0, 1), endpoint);
    await expect(labels.label(requests, endpoint)).rejects.toThrow(/status 401: .*no such key/);
    expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(1);
  });
});
