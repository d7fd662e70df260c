import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { mcpTools } from "./mcp-tools.js";

const context = { problemId: "p", sampleIndex: 0, callIndex: 0 };
let server: McpServer;
let client: Client;

beforeEach(async () => {
  server = new McpServer({ name: "shop", version: "1" });
  const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });
  server.registerTool("price", { description: "Price of a thing.", inputSchema: { thing: z.string() } }, ({ thing }) =>
    text(`${thing}: 3`),
  );
  server.registerTool("slow", { inputSchema: {} }, () => new Promise<ReturnType<typeof text>>(() => {}));
  server.registerTool("broken", { inputSchema: {} }, () => {
    throw new Error("out of stock");
  });
  server.registerTool("refusing", { inputSchema: {} }, () => ({ ...text("not for you"), isError: true }));
  server.registerTool("picture", { inputSchema: {} }, () => ({
    content: [
      { type: "text", text: "see" },
      { type: "image", data: "AAAA", mimeType: "image/png" },
      { type: "resource", resource: { uri: "file:///a", text: "inside" } },
    ],
  }));
  client = new Client({ name: "test", version: "1" });
  const [one, other] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(one), client.connect(other)]);
});
afterEach(() => client.close());

async function call(name: string, input: unknown, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const { signal, ...rest } = options;
  const [tool] = await mcpTools(client, { names: [name], ...rest });
  return tool!.call(input, signal === undefined ? context : { ...context, signal });
}

test("a server's tools have its names, descriptions and schemas", async () => {
  const tools = await mcpTools(client);
  expect(tools.map(({ name }) => name)).toEqual(["price", "slow", "broken", "refusing", "picture"]);
  expect(tools[0]).toMatchObject({
    description: "Price of a thing.",
    parameters: { type: "object", properties: { thing: { type: "string" } }, required: ["thing"] },
  });
});

test("all pages of a long list are read", async () => {
  const page = (name: string) => ({ name, inputSchema: { type: "object" } });
  const paged = {
    listTools: async ({ cursor }: { cursor?: string } = {}) =>
      cursor === undefined ? { tools: [page("a")], nextCursor: "2" } : { tools: [page("b")] },
    callTool: async () => ({}),
  };
  expect((await mcpTools(paged)).map(({ name }) => name)).toEqual(["a", "b"]);
});

test("a tool that the server lacks is named", async () => {
  await expect(mcpTools(client, { names: ["prise"] })).rejects.toThrow(/found prise\. To mend it: did you mean price/);
});

describe("a call", () => {
  test("gives the text of the result", async () => {
    expect(await call("price", { thing: "tea" })).toEqual({ text: "tea: 3", status: "ok" });
    expect(await call("picture", {})).toEqual({ text: "see\n[image]\ninside", status: "ok" });
  });

  test("with arguments of a wrong shape is an error that the policy reads", async () => {
    const { text, status } = await call("price", { thing: 3 });
    expect(status).toBe("error");
    expect(text).toMatch(/thing/);
    expect(await call("price", "tea")).toEqual({ text: "invalid arguments for price: input: expected an object", status: "error" });
  });

  test("that the tool refuses or fails is an error", async () => {
    expect(await call("refusing", {})).toEqual({ text: "not for you", status: "error" });
    expect(await call("broken", {})).toEqual({ text: "out of stock", status: "error" });
  });

  test("that takes too long is a timeout", async () => {
    expect(await call("slow", {}, { timeoutMs: 30 })).toEqual({ text: "[timeout: time limit]", status: "timeout" });
  });

  test("ends with its signal", async () => {
    const controller = new AbortController();
    const pending = call("slow", {}, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    expect(await pending).toEqual({ text: "[stopped]", status: "killed" });
  });

  test("to a server that is gone is infra", async () => {
    const [price] = await mcpTools(client, { names: ["price"] });
    await server.close();
    expect(await price!.call({ thing: "tea" }, context)).toEqual({ text: "price is unavailable", status: "infra" });
  });
});

test("a server in a process of its own works the same", async () => {
  const program = fileURLToPath(new URL("../test/mcp-server.mjs", import.meta.url));
  const remote = new Client({ name: "test", version: "1" });
  await remote.connect(new StdioClientTransport({ command: process.execPath, args: [program] }));
  try {
    const [add] = await mcpTools(remote);
    expect(await add!.call({ a: 2, b: 40 }, context)).toEqual({ text: "42", status: "ok" });
  } finally {
    await remote.close();
  }
});
