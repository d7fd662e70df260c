import pLimit from "p-limit";
import { ABORTED } from "../feedback.js";
import type { CommandResult, RunCodeResponse } from "./fusion-protocol.js";
import type { ExecutionReport, ExecutionResult, RunOptions, Sandbox } from "../sandbox.js";

/** Options of {@link sandboxFusionClient}. */
export interface SandboxFusionClientOptions {
  /** Address of the server, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly token?: string;
  /** Language of the code, `nodejs` by default. */
  readonly language?: string;
  /** Tries of a request that is answered with 504, 3 by default. */
  readonly retries?: number;
  /** Milliseconds before the second try, 1 000 by default; the third waits twice as long. */
  readonly retryDelayMs?: number;
  /** Requests at once, 10 by default; further ones wait in order. */
  readonly rateLimit?: number;
  /** Milliseconds; 30 000 each by default. A request is given up 10 s after their sum. */
  readonly timeouts?: { readonly compileMs?: number; readonly runMs?: number };
}

/**
 * Runs code on a SandboxFusion server. `limits.wallMs` and `limits.memoryBytes` go along; other limits and the seed are
 * the server's. HTTP 504 is tried again; any other trouble is `infra`.
 */
export function sandboxFusionClient(options: SandboxFusionClientOptions): Pick<Sandbox, "run"> {
  const permits = pLimit(options.rateLimit ?? 10);
  return { run: (code, runOptions = {}) => permits(() => runRemotely(code, options, runOptions)) };
}

async function runRemotely(code: string, options: SandboxFusionClientOptions, { limits, signal }: RunOptions): Promise<ExecutionResult> {
  const { url, token, language = "nodejs", retries = 3, retryDelayMs = 1_000, timeouts = {} } = options;
  const { compileMs = 30_000, runMs = limits?.wallMs ?? 30_000 } = timeouts;
  const memoryBytes = limits?.memoryBytes ?? 2 ** 30;
  const body = JSON.stringify({
    code,
    language,
    compile_timeout: compileMs / 1000,
    run_timeout: Math.min(runMs, limits?.wallMs ?? runMs) / 1000,
    memory_limit_MB: Math.ceil(memoryBytes / 2 ** 20),
    stdin: null,
    files: {},
    fetch_files: [],
  });
  const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  try {
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const limit = AbortSignal.timeout(compileMs + runMs + 10_000);
      const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
      const response = await fetch(new URL("/run_code", url), { method: "POST", headers, body, signal: both });
      if (response.ok) return resultOf((await response.json()) as RunCodeResponse);
      await response.body?.cancel();
      if (response.status !== 504 || attempt >= retries) return failed("infra", `the server answered ${response.status}`);
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs * attempt));
    }
  } catch (error) {
    if (signal?.aborted) return failed("killed", ABORTED);
    return failed("infra", `the server cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function resultOf({ status, message, compile_result: compiled, run_result: ran }: RunCodeResponse): ExecutionResult {
  if (compiled != null && compiled.return_code !== 0) return commandError(compiled, "CompileError");
  if (status === "SandboxError" || ran == null || ran.status === "Error") return failed("infra", message || "the server's sandbox failed");
  if (ran.status === "TimeLimitExceeded") {
    const isCounted = (ran.stderr ?? "").trimEnd().endsWith("[timeout: fuel limit]"); // our own server says so last of all
    return { ...reportOf(ran, "[timeout: time limit]"), status: isCounted ? "fuel" : "timeout" };
  }
  if (status === "Failed" || ran.return_code !== 0) return commandError(ran, "Error");
  const report = reportOf(ran, ran.value ?? "");
  return ran.value === undefined ? { ...report, status: "ok" } : { ...report, status: "ok", value: ran.value };
}

/** The last line of stderr is the error, as in Python and JavaScript alike. */
function commandError(ran: CommandResult, name: string): ExecutionResult {
  const last = (ran.stderr ?? "").trimEnd().split("\n").at(-1) ?? "";
  const [, kind, rest] = /^([A-Za-z_][\w.]*)(?:: (.*))?$/.exec(last) ?? [];
  return { ...reportOf(ran, ""), status: "error", error: { name: kind ?? name, message: kind === undefined ? last : (rest ?? "") } };
}

function reportOf(ran: CommandResult, ending: string): ExecutionReport {
  const [stdout, stderr] = [ran.stdout ?? "", ran.stderr ?? ""];
  const isSaid = ending !== "" && stderr.includes("[timeout: ");
  const parts = [stdout.replace(/\n$/, ""), stderr.replace(/\n$/, ""), isSaid ? "" : ending];
  const usage = { fuel: 0, wallMs: (ran.execution_time ?? 0) * 1000, memoryBytes: 0 };
  return { stdout, stderr, truncated: false, usage, feedback: parts.filter((part) => part !== "").join("\n") };
}

function failed(status: "killed" | "infra", reason: string): ExecutionResult {
  const usage = { fuel: 0, wallMs: 0, memoryBytes: 0 };
  const feedback = status === "killed" ? "[stopped]" : "[the interpreter failed]";
  return { status, reason, stdout: "", stderr: "", truncated: false, usage, feedback };
}
