import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { probe } from "./engine-probe-run.js";

const notices: string[] = [];
const context = {
  reporter: { say: (text: string) => void notices.push(text) },
  signal: new AbortController().signal,
  print: () => {},
} as unknown as Parameters<typeof probe>[2];
const run = (url: string) => probe(url, { rank: 4, vocabSize: 128, json: false }, context);

function listen(server: Server): Promise<string> {
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  );
}

test("a port where nothing listens is told in one message, after two tries", async () => {
  let tries = 0;
  const server = createServer((request) => {
    tries++;
    request.socket.destroy();
  });
  const url = await listen(server);
  try {
    await expect(run(url)).rejects.toMatchObject({ code: "INPUT", problem: { where: url, expected: "a server of the Tinker API" } });
    expect([tries, notices]).toEqual([2, []]);
  } finally {
    server.close();
  }
});

test("another kind of server is told in one message, and a wrong key as such", async () => {
  const server = createServer((request, response) => {
    const status = request.url!.startsWith("/locked") ? 401 : 404;
    response.writeHead(status, { "content-type": "text/html" }).end("<h1>Welcome</h1>");
  });
  const url = await listen(server);
  try {
    await expect(run(url)).rejects.toThrow(/expected a server of the Tinker API, found .*404/);
    await expect(run(`${url}/locked`)).rejects.toMatchObject({ code: "TINKER_AUTHENTICATION" });
  } finally {
    server.close();
  }
});
