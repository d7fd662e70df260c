/** One command's result in SandboxFusion's `/run_code` and `/run_jupyter`, in the protocol's own spelling. */
export interface CommandResult {
  readonly status: "Finished" | "Error" | "TimeLimitExceeded";
  /** Seconds. */
  readonly execution_time: number;
  readonly return_code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last expression as a REPL shows it; an addition to the protocol. */
  readonly value?: string;
}

export interface RunCodeResponse {
  readonly status: "Success" | "Failed" | "SandboxError";
  readonly message: string;
  readonly compile_result: CommandResult | null;
  readonly run_result: CommandResult | null;
  readonly executor_pod_name: string | null;
  readonly files: Readonly<Record<string, string>>;
}

export interface CellResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly display: readonly Readonly<Record<string, string>>[];
  readonly error: readonly { readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] }[];
}

export interface RunJupyterResponse extends Pick<RunCodeResponse, "status" | "message" | "executor_pod_name" | "files"> {
  readonly driver: CommandResult | null;
  readonly cells: readonly CellResult[];
}

export interface RunCodeRequest {
  readonly code: string;
  readonly language: string;
  readonly run_timeout: number;
  readonly memory_limit_MB: number;
  readonly stdin: string | null;
  readonly files: Readonly<Record<string, unknown>>;
  readonly fetch_files: readonly unknown[];
}

export interface RunJupyterRequest extends Pick<RunCodeRequest, "memory_limit_MB" | "files" | "fetch_files"> {
  readonly cells: readonly string[];
  readonly kernel: string;
  readonly cell_timeout: number;
  readonly total_timeout: number;
}

/** Languages that the protocol names; any other is a bad request. */
const LANGUAGES: ReadonlySet<string> = new Set(
  (
    "python cpp nodejs javascript go go_test java php csharp bash typescript sql rust cuda lua R perl D_ut ruby scala julia pytest junit " +
    "kotlin_script jest verilog python_gpu lean swift racket"
  ).split(" "),
);

/** Cells of one request; each may print as much as the sandbox lets it. */
const MAX_CELLS = 1_000;

/** One field that is missing or wrong. */
export interface FieldProblem {
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: "value_error";
}

/** Checks a body of `/run_code`. */
export function parseRunCode(body: unknown): RunCodeRequest | FieldProblem[] {
  const fields = new Fields(body);
  const request = {
    code: fields.text("code"),
    language: fields.text("language"),
    compile_timeout: fields.number("compile_timeout", 10),
    run_timeout: fields.number("run_timeout", 10),
    memory_limit_MB: fields.number("memory_limit_MB", -1),
    stdin: fields.optionalText("stdin"),
    ...fields.files(),
  };
  if (request.language !== "" && !LANGUAGES.has(request.language)) fields.fail("language", `one of ${[...LANGUAGES].join(", ")}`);
  return fields.problems.length > 0 ? fields.problems : request;
}

/** Checks a body of `/run_jupyter`. */
export function parseRunJupyter(body: unknown): RunJupyterRequest | FieldProblem[] {
  const fields = new Fields(body);
  const request = {
    cells: fields.texts("cells", MAX_CELLS),
    kernel: fields.optionalText("kernel") ?? "python3",
    cell_timeout: fields.number("cell_timeout", 0),
    total_timeout: fields.number("total_timeout", 45),
    memory_limit_MB: fields.number("memory_limit_MB", -1),
    ...fields.files(),
  };
  return fields.problems.length > 0 ? fields.problems : request;
}

/** Reads the fields of a JSON object and notes what is wrong with them. */
class Fields {
  readonly problems: FieldProblem[] = [];
  readonly #body: Readonly<Record<string, unknown>>;
  readonly #isObject: boolean;

  constructor(body: unknown) {
    this.#isObject = typeof body === "object" && body !== null && !Array.isArray(body);
    this.#body = this.#isObject ? (body as Record<string, unknown>) : {};
    if (!this.#isObject) this.problems.push({ loc: ["body"], msg: "expected a JSON object", type: "value_error" });
  }

  fail(name: string, expected: string): void {
    if (this.#isObject) this.problems.push({ loc: ["body", name], msg: `expected ${expected}`, type: "value_error" });
  }

  text(name: string): string {
    const value = this.#get(name);
    if (typeof value === "string") return value;
    this.fail(name, "a string");
    return "";
  }

  optionalText(name: string): string | null {
    return this.#get(name) == null ? null : this.text(name);
  }

  texts(name: string, most: number): readonly string[] {
    const value = this.#get(name);
    const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
    if (isList && value.length <= most) return value;
    this.fail(name, isList ? `at most ${most} ${name}` : "a list of strings");
    return [];
  }

  number(name: string, preset: number): number {
    const value = this.#get(name) ?? preset;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    this.fail(name, "a number");
    return preset;
  }

  files(): Pick<RunCodeRequest, "files" | "fetch_files"> {
    const [files, fetched] = [this.#get("files") ?? {}, this.#get("fetch_files") ?? []];
    if (typeof files !== "object" || Array.isArray(files)) this.fail("files", "an object of paths");
    if (!Array.isArray(fetched)) this.fail("fetch_files", "a list of paths");
    return { files: files as Record<string, unknown>, fetch_files: Array.isArray(fetched) ? (fetched as unknown[]) : [] };
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#body, name) ? this.#body[name] : undefined;
  }
}
