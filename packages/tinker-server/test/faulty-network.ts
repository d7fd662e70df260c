import { afterEach } from "vitest";
import { openFaultProxy, type Fault, type FaultProxy } from "../src/testing/fault-proxy.js";
import type { TinkerServerOptions } from "../src/tinker-server.js";
import { TinyServer } from "./tiny-server.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Closes something behind the test, what was opened last first. */
export function closeAfterwards(close: () => Promise<void>): void {
  closers.push(close);
}

/** A server that ends with the test. */
export async function openTiny(server: Partial<TinkerServerOptions>): Promise<TinyServer> {
  const tiny = await TinyServer.open({ server });
  closeAfterwards(() => tiny.close());
  return tiny;
}

/** A network before it that fails as `plan` says. */
export async function faulty(tiny: TinyServer, plan: Parameters<typeof openFaultProxy>[1]): Promise<FaultProxy> {
  const proxy = await openFaultProxy(tiny.server.url, plan);
  closeAfterwards(() => proxy.close());
  return proxy;
}

/** Each way in which a network fails and a client soon knows it. @param retryAfter - seconds that a busy server asks for */
export function failures(retryAfter: number): readonly Fault[] {
  return [
    { kind: "status", status: 500 },
    { kind: "status", status: 503 },
    { kind: "status", status: 429, retryAfter },
    { kind: "cut", when: "before" },
    { kind: "cut", when: "after" },
    { kind: "truncate" },
    { kind: "duplicate" },
    { kind: "overtaken", others: 3, limitMs: 50 },
  ];
}
