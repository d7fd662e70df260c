import { InputError, nearestName } from "@retool-ts/core";
import { z } from "zod";
import type { Tool, ToolContext, ToolOutcome } from "./tool.js";

/** The part of a Model Context Protocol client that is used; `Client` of `@modelcontextprotocol/sdk`, once connected, is one. */
export interface McpClient {
  listTools(params?: { cursor?: string }): Promise<{
    readonly tools: readonly {
      readonly name: string;
      readonly description?: string | undefined;
      readonly inputSchema: Readonly<Record<string, unknown>>;
    }[];
    readonly nextCursor?: string | undefined;
  }>;
  callTool(
    params: { name: string; arguments?: Record<string, unknown> },
    resultSchema: undefined,
    options: { timeout: number; signal?: AbortSignal },
  ): Promise<unknown>;
}

/** Options of {@link mcpTools}. */
export interface McpToolsOptions {
  /** Names of the server's tools to offer; all by default. */
  readonly names?: readonly string[];
  /** Milliseconds for one call, 30 000 by default. */
  readonly timeoutMs?: number;
}

/** Code of the SDK's error when a call takes too long. */
const REQUEST_TIMEOUT = -32_001;
const INVALID_PARAMS = -32_602;

const Result = z.object({
  content: z
    .array(
      z.looseObject({ type: z.string(), text: z.string().optional(), resource: z.looseObject({ text: z.string().optional() }).optional() }),
    )
    .default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

/**
 * The tools of a server that speaks the Model Context Protocol, for rollouts. The server checks arguments itself, and what it says of
 * wrong ones is an `error` that the policy reads. A call that takes too long is a `timeout`; a server that is gone is `infra`.
 *
 * See https://modelcontextprotocol.io, section Tools.
 *
 * @throws InputError when the server lacks a tool of `names`.
 */
export async function mcpTools(client: McpClient, { names, timeoutMs = 30_000 }: McpToolsOptions = {}): Promise<Tool[]> {
  const listed: Awaited<ReturnType<McpClient["listTools"]>>["tools"][number][] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    listed.push(...page.tools);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  checkNames(
    names,
    listed.map(({ name }) => name),
  );
  return listed
    .filter(({ name }) => names?.includes(name) ?? true)
    .map(({ name, description = "", inputSchema }) => ({
      name,
      description,
      parameters: inputSchema,
      call: (input, context) => callServer(client, name, input, timeoutMs, context),
    }));
}

async function callServer(
  client: McpClient,
  name: string,
  input: unknown,
  timeoutMs: number,
  { signal }: ToolContext,
): Promise<ToolOutcome> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    return { text: `invalid arguments for ${name}: input: expected an object`, status: "error" };
  }
  const options = { timeout: timeoutMs, ...(signal === undefined ? {} : { signal }) };
  try {
    const result = Result.safeParse(await client.callTool({ name, arguments: { ...input } }, undefined, options));
    if (!result.success) return unavailable(name);
    const { content, structuredContent, isError } = result.data;
    const text = content.map(({ type, text: own, resource }) => own ?? resource?.text ?? `[${type}]`).join("\n");
    const shown = text === "" && structuredContent !== undefined ? JSON.stringify(structuredContent) : text;
    return { text: shown, status: isError ? "error" : "ok" };
  } catch (error) {
    if (signal?.aborted) return { text: "[stopped]", status: "killed" };
    const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
    if (code === REQUEST_TIMEOUT) return { text: "[timeout: time limit]", status: "timeout" };
    if (code === INVALID_PARAMS) return { text: `invalid arguments for ${name}: ${String(message)}`, status: "error" };
    return unavailable(name);
  }
}

function unavailable(name: string): ToolOutcome {
  return { text: `${name} is unavailable`, status: "infra" };
}

function checkNames(names: readonly string[] | undefined, listed: readonly string[]): void {
  const missing = names?.find((name) => !listed.includes(name));
  if (missing === undefined) return;
  const nearest = nearestName(missing, listed, 3);
  const fix = nearest === undefined ? "name one of those" : `did you mean ${nearest}`;
  throw new InputError({ what: "MCP server", where: "names", expected: listed.join(", ") || "a server with tools", found: missing, fix });
}
