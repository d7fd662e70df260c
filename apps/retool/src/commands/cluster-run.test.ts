import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createProgram } from "../shell/command-line.js";
import { register } from "./cluster.js";
import { logs } from "./cluster-run.js";

const PENDING = "Job has not started yet. It may be waiting for resources (CPUs, GPUs, memory, custom resources) to become available.";
interface Asked { readonly method: string; readonly path: string; readonly body: unknown } // prettier-ignore

let server: Server;
let address: string;
let asked: Asked[];
let printed: string[];
let said: string[];
let exitCode: number;
/** Jobs by id; each look at one takes its next state. */
let jobs: Map<string, { readonly status: string; readonly message?: string; readonly logs: string }[]>;

beforeEach(async () => {
  [asked, printed, said, exitCode, jobs] = [[], [], [], 0, new Map()];
  // As Ray 2.60 was recorded: what a browser sends is refused, an id that is taken is a traceback.
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString()));
    request.on("end", () => {
      const { status, body } = answer(request.method!, request.url!, request.headers, text === "" ? undefined : JSON.parse(text));
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => void (server.closeAllConnections(), server.close()));

function answer(
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  body: unknown,
): { readonly status: number; readonly body: unknown } {
  asked.push({ method, path, body });
  if (method !== "GET" && Object.keys(headers).some((name) => /^(?:sec-fetch-.*|origin|referer)$/.test(name)))
    return { status: 405, body: "405: Method Not Allowed for browser traffic." };
  const [, id, what] = /^\/api\/jobs\/([^/]*)\/?(\w*)$/.exec(path)!;
  if (method === "POST" && id === "") {
    const name = (body as { submission_id?: string }).submission_id ?? "raysubmit_1";
    if (jobs.has(name))
      return { status: 500, body: `Traceback (most recent call last):\n  …\nValueError: Job with submission_id ${name} already exists.` };
    jobs.set(name, [{ status: "RUNNING", logs: "" }]);
    return { status: 200, body: { job_id: name, submission_id: name } };
  }
  const info = (name: string) => ({
    submission_id: name,
    entrypoint: "node x.mjs",
    error_type: null,
    message: null,
    ...jobs.get(name)![0],
  });
  if (id === "") return { status: 200, body: [...jobs.keys()].map(info) };
  const states = jobs.get(id!);
  if (states === undefined) return { status: 404, body: `Job ${id} does not exist` };
  if (what === "stop") return { status: 200, body: { stopped: states[0]!.status === "RUNNING" } };
  if (what === "logs") {
    const text = states[0]!.logs;
    if (states.length > 1) states.shift();
    return { status: 200, body: { logs: text } };
  }
  return { status: 200, body: info(id!) };
}

const context = () => ({
  print: (text: string) => void printed.push(text),
  reporter: { say: (text: string) => void said.push(text) },
  signal: new AbortController().signal,
  setExitCode: (code: number) => (exitCode = code),
});

async function run(...words: string[]): Promise<void> {
  const program = createProgram({ ...context(), color: false } as never, { quiet: false }, register);
  const [command, ...others] = words;
  await program.parseAsync(["cluster", command!, "--address", address, ...others], { from: "user" });
}

test("a program is started with its words, variables and needs, and its job's id is printed", async () => {
  await run("submit", "--id", "serve", "--gpus", "2", "--env", "A=b=c", "--", "retool", "engine", "serve", "my model's", "--port", "8765");
  expect(printed).toEqual(["serve"]);
  expect(asked).toEqual([
    {
      method: "POST",
      path: "/api/jobs/",
      body: {
        entrypoint: "retool engine serve 'my model'\\''s' --port 8765",
        submission_id: "serve",
        runtime_env: { env_vars: { A: "b=c" } },
        entrypoint_num_gpus: 2,
      },
    },
  ]);
  await expect(run("submit", "--id", "serve", "--", "true")).rejects.toThrow(
    /--id: expected an id that no job of the cluster has, found serve/,
  );
});

test("status says why a job waits, and knows its jobs", async () => {
  jobs.set("a", [{ status: "PENDING", message: PENDING, logs: "" }]);
  jobs.set("b", [{ status: "SUCCEEDED", message: "Job finished successfully.", logs: "" }]);
  await run("status");
  expect(printed).toEqual([`a  PENDING  node x.mjs\n  ${PENDING}\nb  SUCCEEDED  node x.mjs`]);
  await expect(run("status", "none")).rejects.toThrow("none: expected the id of a job, found one that the cluster does not have");
});

test("logs are followed to the job's end, each line once, and a failure is the exit code's", async () => {
  jobs.set("a", [
    { status: "PENDING", message: PENDING, logs: "" },
    { status: "RUNNING", logs: "one\ntw" },
    { status: "RUNNING", logs: "one\ntwo\n" },
    { status: "FAILED", message: "Job entrypoint command failed with exit code 3", logs: "one\ntwo\nend" },
  ]);
  await logs(address, "a", { follow: true, pollMs: 1 }, context());
  expect(printed).toEqual(["one", "two", "end"]);
  expect(said).toEqual([`a waits: ${PENDING}`, "a  FAILED  node x.mjs\n  Job entrypoint command failed with exit code 3"]);
  expect(exitCode).toBe(1);
});

test("stop tells a job to end; a cluster that is not there is told in one message", async () => {
  jobs.set("a", [{ status: "RUNNING", logs: "" }]);
  await run("stop", "a");
  expect(printed).toEqual(["a was told to stop"]);
  address = "http://127.0.0.1:9";
  await expect(run("stop", "a")).rejects.toThrow(/expected the dashboard of a Ray cluster, found .*ECONNREFUSED/);
});
