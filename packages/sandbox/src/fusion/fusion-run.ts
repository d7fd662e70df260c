import type {
  CellResult,
  CommandResult,
  RunCodeRequest,
  RunCodeResponse,
  RunJupyterRequest,
  RunJupyterResponse,
} from "./fusion-protocol.js";
import { endingOf } from "../feedback.js";
import type { Limits } from "../limits.js";
import type { ExecutionResult, Sandbox, Session } from "../sandbox.js";

/** The JavaScript names of a language or kernel. */
const JAVASCRIPT: ReadonlySet<string> = new Set(["nodejs", "javascript"]);

/** Characters of all that the cells of one request say, after which no further cell is run. */
const MAX_ANSWER_CHARS = 2 * 2 ** 20;

const NOTHING = { executor_pod_name: null, files: {} } as const;

/** The Python names of a language or kernel. */
const PYTHON: ReadonlySet<string> = new Set(["python", "python3"]);

/** Sandboxes for the code of a request. */
export interface Engines {
  readonly javascript: Sandbox;
  /** Python's sandbox, or why there is none; undefined when the server was given none. */
  readonly python: (() => Promise<Sandbox | string>) | undefined;
}

/** Terms of one request. */
export interface Terms {
  readonly signal: AbortSignal;
  /** Most that a request in JavaScript and one in Python may ask for. */
  readonly most: Limits;
  readonly mostPython: Limits;
}

/** Runs the code of `/run_code` in a fresh world. */
export async function runCode(engines: Engines, request: RunCodeRequest, terms: Terms): Promise<RunCodeResponse> {
  const { code, language, run_timeout, stdin } = request;
  const sandbox = await engineOf(engines, language);
  const refusal = refusalOf(sandbox, request) ?? (stdin ? "stdin is unavailable, because worlds have no input" : undefined);
  if (typeof sandbox === "string" || refusal !== undefined) {
    return { status: "SandboxError", message: refusal ?? "", compile_result: null, run_result: null, ...NOTHING };
  }
  const result = await sandbox.run(code, {
    limits: limitsOf(run_timeout, request, mostOf(language, terms)),
    signal: terms.signal,
    rerun: false, // the client waits no longer than it said
  });
  const message = result.status === "infra" ? result.reason : "";
  return { status: statusOf(result), message, compile_result: null, run_result: commandResult(result), ...NOTHING };
}

/** Runs the cells of `/run_jupyter` in one session, whose state lives from cell to cell; an error does not end it. */
export async function runJupyter(engines: Engines, request: RunJupyterRequest, terms: Terms): Promise<RunJupyterResponse> {
  const sandbox = await engineOf(engines, request.kernel);
  const refusal = refusalOf(sandbox, request);
  if (typeof sandbox === "string" || refusal !== undefined) {
    return { status: "SandboxError", message: refusal ?? "", driver: null, cells: [], ...NOTHING };
  }
  const session = await sandbox.open();
  try {
    return await runCells(session, request, { ...terms, most: mostOf(request.kernel, terms) });
  } finally {
    await session.close();
  }
}

async function runCells(session: Session, request: RunJupyterRequest, { signal, most }: Terms): Promise<RunJupyterResponse> {
  const { cell_timeout, total_timeout } = request;
  const startMs = performance.now();
  const cells: CellResult[] = [];
  let fault: string | undefined;
  let isLate = false;
  let room = MAX_ANSWER_CHARS;
  for (const cell of request.cells) {
    const left = total_timeout - (performance.now() - startMs) / 1000;
    isLate = left <= 0;
    if (isLate) break;
    const result = await session.run(cell, {
      limits: limitsOf(cell_timeout > 0 ? Math.min(cell_timeout, left) : left, request, most),
      signal,
      rerun: false,
    });
    const shown = cellResult(result);
    cells.push(shown);
    room -= sizeOf(shown);
    isLate = isTimeout(result);
    if (result.status === "infra") fault = result.reason;
    if (isLate || fault !== undefined || room < 0) break;
  }
  const isLong = room < 0 && cells.length < request.cells.length;
  const status = isLate ? "TimeLimitExceeded" : fault === undefined && !isLong ? "Finished" : "Error";
  const driver: CommandResult = {
    status,
    execution_time: (performance.now() - startMs) / 1000,
    return_code: status === "TimeLimitExceeded" ? null : 0,
    stdout: "",
    stderr: "",
  };
  // As SandboxFusion has it: a cell that raises is a matter of that cell.
  const overall = fault !== undefined ? "SandboxError" : isLate || isLong ? "Failed" : "Success";
  const tooLong = `the answer is longer than ${MAX_ANSWER_CHARS} characters; ${request.cells.length - cells.length} cells were not run`;
  return { status: overall, message: fault ?? (isLong ? tooLong : ""), driver, cells, ...NOTHING };
}

/** The sandbox for a language, or why there is none. */
async function engineOf({ javascript, python }: Engines, language: string): Promise<Sandbox | string> {
  if (JAVASCRIPT.has(language)) return javascript;
  if (PYTHON.has(language) && python !== undefined) return python();
  if (language === "typescript") return "typescript is unavailable, because the engine runs JavaScript: remove the types and send nodejs";
  const engines =
    python === undefined ? "only a JavaScript engine: send nodejs" : "engines for JavaScript and Python: send nodejs or python";
  return `${language} is unavailable, because this server has ${engines}`;
}

function mostOf(language: string, { most, mostPython }: Terms): Limits {
  return PYTHON.has(language) ? mostPython : most;
}

/** The reason for which a request cannot be run here; undefined when it can. */
function refusalOf(sandbox: Sandbox | string, { files, fetch_files }: Pick<RunCodeRequest, "files" | "fetch_files">): string | undefined {
  if (typeof sandbox === "string") return sandbox;
  if (Object.keys(files).length + fetch_files.length > 0) return "files are unavailable, because worlds have no file system";
  return undefined;
}

/** A request may lower the sandbox's limits, and not raise them; memory is never less than the engine needs. */
function limitsOf(seconds: number, { memory_limit_MB }: Pick<RunCodeRequest, "memory_limit_MB">, most: Limits): Limits {
  const wallMs = Math.round(Math.min(Math.max(seconds * 1000, 1), most.wallMs));
  if (memory_limit_MB <= 0) return { ...most, wallMs };
  const memoryBytes = Math.min(Math.max(Math.ceil(memory_limit_MB), 17) * 2 ** 20, most.memoryBytes);
  return { ...most, wallMs, memoryBytes };
}

function statusOf({ status }: ExecutionResult): RunCodeResponse["status"] {
  if (status === "infra") return "SandboxError";
  return status === "ok" ? "Success" : "Failed";
}

function isTimeout({ status }: ExecutionResult): boolean {
  return status === "fuel" || status === "timeout";
}

function commandResult(result: ExecutionResult): CommandResult {
  const { status, stdout, usage } = result;
  const stderr = status === "ok" ? result.stderr : `${result.stderr}${endingOf(result)}\n`;
  const report = { execution_time: usage.wallMs / 1000, stdout, stderr };
  if (status === "infra") return { ...report, status: "Error", return_code: null };
  if (isTimeout(result)) return { ...report, status: "TimeLimitExceeded", return_code: null };
  if (status !== "ok") return { ...report, status: "Finished", return_code: 1 };
  const finished = { ...report, status: "Finished", return_code: 0 } as const;
  return result.value === undefined ? finished : { ...finished, value: result.value };
}

function sizeOf({ stdout, stderr, display, error }: CellResult): number {
  const texts = [
    stdout,
    stderr,
    ...display.flatMap(Object.values),
    ...error.flatMap(({ ename, evalue, traceback }) => [ename, evalue, ...traceback]),
  ];
  return texts.reduce((sum, text: string) => sum + text.length, 0);
}

function cellResult(result: ExecutionResult): CellResult {
  const { stdout, stderr } = result;
  if (result.status === "ok")
    return { stdout, stderr, display: result.value === undefined ? [] : [{ "text/plain": result.value }], error: [] };
  const ending = endingOf(result);
  const { name, message } = result.status === "error" ? result.error : { name: result.status, message: ending };
  return { stdout, stderr, display: [], error: [{ ename: name, evalue: message, traceback: [ending] }] };
}
