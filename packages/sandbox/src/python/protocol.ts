/** A request to an interpreter's process: one cell. One line of JSON each way. */
export interface CellRequest {
  /** Comes back in the answer, so that printed text is not taken for one. */
  readonly nonce: string;
  readonly code: string;
  /** From 1. */
  readonly cell: number;
  /** Seed of a world that begins with this cell; null when the process's world goes on. */
  readonly seed: number | null;
  readonly limits: CellLimits;
}

/** The limits that the process itself keeps; see `Limits`. */
export interface CellLimits {
  readonly fuel: number;
  readonly wallMs: number;
  readonly memoryBytes: number;
  readonly outputChars: number;
}

/** The end of a cell inside the process. */
export type CellReport =
  | { readonly kind: "ok"; readonly value?: string }
  | {
      readonly kind: "error";
      readonly name: string;
      readonly message: string;
      readonly line?: number | null;
      readonly column?: number | null;
      readonly traceback?: string;
    }
  | { readonly kind: "fuel" | "timeout" | "oom" | "stack" | "output" }
  /** The code used up its processor time, where fuel does not reach. */
  | { readonly kind: "cpu" }
  /** The code ended its interpreter. */
  | { readonly kind: "died"; readonly reason: string }
  | { readonly kind: "crash"; readonly reason: string };

/** A process's answers. */
export type FromInterpreter =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly reason: string }
  | {
      readonly type: "done";
      readonly nonce: string;
      readonly report: CellReport;
      readonly fuel: number;
      readonly memoryBytes: number;
      /** True when another world may begin in this process. */
      readonly isReusable: boolean;
    };

const KINDS: ReadonlySet<unknown> = new Set(["ok", "error", "fuel", "timeout", "oom", "stack", "output", "cpu", "died", "crash"]);

/** Ends that the guest's side may tell of itself: the other ends are for those outside of it to tell. */
const OWN_KINDS: ReadonlySet<unknown> = new Set(["ok", "error", "fuel", "oom", "stack"]);

/** Reads an answer; undefined when it is none, since guests may reach the channel. */
export function parseAnswer(line: string): FromInterpreter | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  if (value["type"] === "ready") return { type: "ready" };
  if (value["type"] === "failed") return { type: "failed", reason: text(value["reason"]) };
  const { nonce, own, report: raw, fuel, memoryBytes, isReusable } = value;
  if (value["type"] !== "done" || typeof nonce !== "string") return undefined;
  const report = typeof own === "string" ? ownReport(own) : parseReport(raw);
  if (report === undefined) return undefined;
  return { type: "done", nonce, report, fuel: count(fuel), memoryBytes: count(memoryBytes), isReusable: isReusable === true };
}

/** Reads a report that the guest's side wrote, which may be anything. */
export function ownReport(text: string): CellReport {
  try {
    const raw: unknown = JSON.parse(text);
    if (isRecord(raw) && OWN_KINDS.has(raw["kind"])) return parseReport(raw)!;
  } catch {
    // It is none.
  }
  return { kind: "error", name: "PermissionError", message: "the code meddled with its interpreter's runner" };
}

function parseReport(raw: unknown): CellReport | undefined {
  if (!isRecord(raw) || !KINDS.has(raw["kind"])) return undefined;
  const { kind, value, name, message, line, column, traceback, reason } = raw;
  switch (kind as CellReport["kind"]) {
    case "ok":
      return typeof value === "string" ? { kind: "ok", value } : { kind: "ok" };
    case "error": {
      const error = { kind: "error", name: text(name), message: text(message), line: place(line), column: place(column) } as const;
      return typeof traceback === "string" ? { ...error, traceback } : error;
    }
    case "crash":
    case "died":
      return { kind: kind as "crash", reason: text(reason) };
    case "fuel":
    case "timeout":
    case "oom":
    case "stack":
    case "output":
    case "cpu":
      return { kind: kind as "fuel" };
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}

function place(value: unknown): number | null {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;
}
