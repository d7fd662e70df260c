import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server is to answer: a status with a body, or nothing until the client gives up, or a cut connection. */
export type ChatAnswer =
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | "silence"
  | "cut";

export interface SeenRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly model: string; readonly messages: readonly { readonly role: string; readonly content: string }[] };
}

/** A chat server on this machine that answers as it is told. */
export interface ChatServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** @param answer - gets the request and how many there were before it. */
export async function chatServer(answer: (request: SeenRequest, index: number) => ChatAnswer | Promise<ChatAnswer>): Promise<ChatServer> {
  const seen: SeenRequest[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method !== "POST") return void response.writeHead(404).end();
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const one = { url: request.url!, headers: request.headers, body: JSON.parse(text) as SeenRequest["body"] };
    const reply = await answer(one, seen.push(one) - 1);
    if (reply === "cut") request.socket.destroy();
    else if (reply !== "silence") response.writeHead(reply.status, reply.headers ?? {}).end(reply.body);
  };
  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A chat completion with one choice. */
export function completion(content: string, finishReason = "stop"): ChatAnswer {
  return { status: 200, body: JSON.stringify({ choices: [{ message: { role: "assistant", content }, finish_reason: finishReason }] }) };
}
