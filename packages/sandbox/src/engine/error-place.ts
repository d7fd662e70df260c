import type { GuestError } from "../sandbox.js";

/** An error as the engine tells it, with its stack. */
export interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** The code an error is looked up in. */
export interface ErrorSource {
  readonly source: string;
  readonly fileName: string;
  /** Characters that were put before the source's first line when it ran. */
  readonly firstLineShift: number;
}

/** Adds the line and column of the innermost frame in `fileName`, and names what is not a function. */
export function placeError({ name, message, stack }: ThrownError, { source, fileName, firstLineShift }: ErrorSource): GuestError {
  // The constructor of a class of errors is not where the error happened.
  const frames = stack.split("\n").filter((frame) => !frame.includes(`at ${name} (`));
  const place = new RegExp(`${fileName.replace(".", "\\.")}:(\\d+)(?::(\\d+))?`).exec(frames.join("\n"));
  if (place === null) return { name, message };
  const line = Number(place[1]);
  if (line > source.split("\n").length) return { name, message }; // a stack that the code wrote itself
  const column = Number(place[2] ?? 0) - (line === 1 ? firstLineShift : 0);
  if (column < 1) return { name, message, line };
  const callee = message === "not a function" ? calleeAt(source, line, column) : undefined;
  return { name, message: callee === undefined ? message : `${callee} is not a function`, line, column };
}

/** The name before the parenthesis at a place, as V8 would write it; undefined when there is no plain one. */
function calleeAt(source: string, line: number, column: number): string | undefined {
  const text = source.split("\n")[line - 1] ?? "";
  if (text[column - 1] !== "(") return undefined;
  const callee = /[\w$]*(?:\??\.[\w$]+)*$/.exec(text.slice(0, column - 1))![0];
  if (callee === "") return undefined;
  return callee.startsWith(".") ? `(intermediate value)${callee}` : callee;
}
