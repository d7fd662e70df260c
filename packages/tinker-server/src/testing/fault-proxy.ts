import { createServer, request as send, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RandomStream } from "@retool-ts/core";

/** What may go wrong with one request on its way. */
export type Fault =
  /** Answered in the server's place; the server never hears of it. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: number }
  /** The connection is cut before the server hears of it, or when it has answered. */
  | { readonly kind: "cut"; readonly when: "before" | "after" }
  /** The connection is cut in the middle of the answer's body. */
  | { readonly kind: "truncate" }
  /** The server gets it twice, the second time before its first answer is passed on. */
  | { readonly kind: "duplicate" }
  /** Half open: the server gets it, its answer is never passed on and the connection stays. */
  | { readonly kind: "silent" }
  /** Passed on after others have passed: as many requests as `others` says, or `limitMs` if they do not come. */
  | { readonly kind: "overtaken"; readonly others: number; readonly limitMs: number };

/** A request that comes by. */
export interface PassingRequest {
  /** Such as `/api/v1/optim_step`. */
  readonly path: string;
  /** Requests to this path before it. */
  readonly count: number;
}

/** A proxy that does to requests what a network may do. */
export interface FaultProxy {
  readonly url: string;
  /** Faults that were injected, by kind. */
  readonly injected: ReadonlyMap<Fault["kind"], number>;
  /** Passes requests on to another server from now on: the old one was restarted elsewhere. */
  retarget(url: string): void;
  close(): Promise<void>;
}

/**
 * Opens a proxy on loopback.
 *
 * @param plan - what to do to a request; undefined passes it on
 */
export async function openFaultProxy(target: string, plan: (request: PassingRequest) => Fault | undefined): Promise<FaultProxy> {
  const counts = new Map<string, number>();
  const injected = new Map<Fault["kind"], number>();
  const passing: (() => void)[] = [];
  let to = target;
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0]!;
    const count = counts.get(path) ?? 0;
    counts.set(path, count + 1);
    const fault = plan({ path, count });
    if (fault !== undefined) injected.set(fault.kind, (injected.get(fault.kind) ?? 0) + 1);
    for (const passed of passing) passed();
    void handle(fault, request, response).catch(() => response.destroy());
  });
  const handle = async (fault: Fault | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bytesOf(request);
    const forward = () => exchange(to, request, body);
    switch (fault?.kind) {
      case "status": {
        const retry = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
        response.writeHead(fault.status, { "content-type": "application/json", ...retry }).end(JSON.stringify({ detail: "injected" }));
        return;
      }
      case "cut":
        if (fault.when === "after") await forward();
        request.socket.destroy();
        return;
      case "truncate": {
        const answer = await forward();
        response.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length + 1) });
        response.write(answer.body.subarray(0, answer.body.length / 2), () => request.socket.destroy());
        return;
      }
      case "duplicate": {
        const [first] = await Promise.all([forward(), forward()]);
        pass(response, first);
        return;
      }
      case "silent":
        await forward();
        return;
      case "overtaken":
        await others(fault.others, fault.limitMs, passing);
        break;
      case undefined:
    }
    pass(response, await forward());
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, injected, retarget: (other) => void (to = other), close: () => closeServer(server) };
}

/**
 * Faults by chance that are the same for a seed: a pure function of it, the path, and how many requests to the path came before.
 *
 * @param share - of requests that meet one
 */
export function seededFaults(seed: number, share: number, kinds: readonly Fault[]): (request: PassingRequest) => Fault | undefined {
  return ({ path, count }) => {
    const random = new RandomStream(seed, ["fault", path, count]);
    return random.uniform() < share ? random.pick(kinds) : undefined;
  };
}

interface Exchange {
  readonly status: number;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
}

function exchange(target: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const { host: _, ...rest } = headers;
    const outgoing = send(new URL(url ?? "/", target), { method, headers: rest, agent: false }, (incoming) => {
      bytesOf(incoming).then((bytes) => {
        const kept = Object.entries(incoming.headers).filter(
          ([name, value]) => !/^(connection|transfer-encoding|keep-alive)$/.test(name) && value !== undefined,
        );
        resolve({ status: incoming.statusCode ?? 502, headers: Object.fromEntries(kept) as Exchange["headers"], body: bytes });
      }, reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function pass(response: ServerResponse, { status, headers, body }: Exchange): void {
  response.writeHead(status, headers).end(body);
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Resolved when so many other requests have come by, or time is up. */
function others(count: number, limitMs: number, passing: (() => void)[]): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const timer = setTimeout(done, limitMs);
    const passed = () => {
      if (--left <= 0) done();
    };
    function done() {
      clearTimeout(timer);
      const at = passing.indexOf(passed);
      if (at >= 0) passing.splice(at, 1);
      resolve();
    }
    passing.push(passed);
  });
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => server.close((error) => (error === undefined ? resolve() : reject(error))));
}
