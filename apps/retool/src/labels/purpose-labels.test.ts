import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ChatEndpoint } from "./chat-endpoint.js";
import { PurposeLabels } from "./purpose-labels.js";

interface Asked {
  readonly body: { readonly model: string; readonly temperature: number; readonly messages: readonly { role: string; content: string }[] };
  readonly authorization: string | undefined;
}

let folder: string;
let server: Server;
let endpoint: ChatEndpoint;
let asked: Asked[];
let reply: (user: string, attempt: number) => { status: number; body: unknown; retryAfter?: string };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "retool-labels-"));
  asked = [];
  server = createServer((request, response) => void answerTo(request, response)).listen(0, "127.0.0.1");
  const answerTo = async (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.parse(await textOf(request)) as Asked["body"];
    asked.push({ body, authorization: request.headers.authorization });
    const { status, body: answer, retryAfter } = reply(body.messages[1]!.content, asked.length);
    response.writeHead(
      request.url === "/v1/chat/completions" ? status : 404,
      retryAfter === undefined ? {} : { "retry-after": retryAfter },
    );
    response.end(JSON.stringify(answer));
  };
  await new Promise((resolve) => server.once("listening", resolve));
  endpoint = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`, model: "judge", apiKey: "secret", retryMs: 1 };
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

const says = (content: string) => ({ status: 200, body: { choices: [{ message: { content } }] } });
const requests = [
  { code: "gcd(1, 2)", context: "" },
  { code: "x == 3", context: "Let me check." },
];

describe("purposes named by a language model", () => {
  test("are asked for once, by content, and kept", async () => {
    reply = (user) => says(user.includes("gcd") ? "number theory" : "The purpose is Verification.");
    const file = join(folder, "purposes.jsonl");
    const labels = new PurposeLabels(file, "judge");
    await labels.label([...requests, requests[0]!], endpoint);
    expect(requests.map((request) => labels.purposeOf(request))).toEqual(["number theory", "verification"]);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatchObject({ body: { model: "judge", temperature: 0 }, authorization: "Bearer secret" });
    const again = new PurposeLabels(file, "judge");
    await again.label(requests, endpoint);
    expect(asked).toHaveLength(2);
    expect(again.purposeOf(requests[1]!)).toBe("verification");
    expect(new PurposeLabels(file, "another").purposeOf(requests[1]!)).toBeUndefined();
  });

  test("a server that is busy is asked again", async () => {
    reply = (_, attempt) =>
      attempt === 1 ? { status: 429, body: {}, retryAfter: "0" } : attempt === 2 ? { status: 503, body: {} } : says("search");
    const labels = new PurposeLabels(join(folder, "purposes.jsonl"), "judge");
    await labels.label(requests.slice(0, 1), endpoint);
    expect([labels.purposeOf(requests[0]!), asked.length]).toEqual(["search", 3]);
  });

  test("an answer that names none is other", async () => {
    reply = () => says("I cannot tell.");
    const labels = new PurposeLabels(join(folder, "purposes.jsonl"), "judge");
    await labels.label(requests.slice(0, 1), endpoint);
    expect(labels.purposeOf(requests[0]!)).toBe("other");
  });

  test("a refusal ends with the server's words, and what was labelled before is kept", async () => {
    reply = (user) => (user.includes("gcd") ? says("number theory") : { status: 401, body: { error: "no such key" } });
    const file = join(folder, "purposes.jsonl");
    const labels = new PurposeLabels(file, "judge");
    await labels.label(requests.slice(0, 1), endpoint);
    await expect(labels.label(requests, endpoint)).rejects.toThrow(/status 401: .*no such key/);
    expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(1);
  });
});
