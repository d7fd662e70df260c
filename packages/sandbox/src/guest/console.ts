import { define } from "./define.js";
import * as real from "./intrinsics.js";
import { inspect } from "./inspect.js";

/** Name of one of the two streams. */
export type StreamName = "out" | "err";

/** Sends text to the host, cut to what the host can still take. */
export type Write = (stream: StreamName, text: string) => void;

/** One line as Node's console formats it: `%s %d %i %f %j %o %O %c %%`, strings bare, the rest as {@link inspect}. */
export function formatLine(args: readonly unknown[]): string {
  let text = "";
  let next = 0;
  if (typeof args[0] === "string") {
    next = 1;
    text = args.length === 1 ? args[0] : fill(args[0], args, () => next++);
  }
  for (; next < args.length; next++) {
    const arg = args[next];
    text += (next > 0 ? " " : "") + (typeof arg === "string" ? arg : inspect(arg));
  }
  return text;
}

function fill(format: string, args: readonly unknown[], take: () => number): string {
  let text = "";
  let taken = 1;
  for (let i = 0; i < format.length; i++) {
    const letter = format[i] === "%" ? (format[i + 1] ?? "") : "";
    if (letter === "%") text += "%";
    else if (letter !== "" && real.indexOfText("sdifjoOc", letter) !== -1 && taken < args.length) {
      text += directive(letter, args[take()]);
      taken++;
    } else {
      text += format[i]!;
      continue;
    }
    i++;
  }
  return text;
}

function directive(letter: string, arg: unknown): string {
  if (letter === "c") return "";
  if (letter === "s") return typeof arg === "string" ? arg : inspect(arg);
  if (letter === "j") return real.stringify(arg) ?? "undefined";
  if (letter === "o" || letter === "O" || typeof arg === "bigint") return inspect(arg);
  const number = typeof arg === "object" || typeof arg === "symbol" ? NaN : real.RealNumber(arg);
  return inspect(letter === "i" ? (number < 0 ? -real.floor(-number) : real.floor(number)) : number);
}

/** Puts `console` and `print` into the world. */
export function installConsole(world: object, write: Write): void {
  let indent = "";
  const line = (stream: StreamName, args: readonly unknown[]): void => {
    const text = formatLine(args);
    write(stream, `${indent === "" ? text : indented(text, indent)}\n`);
  };
  const out = (...args: unknown[]): void => line("out", args);
  const err = (...args: unknown[]): void => line("err", args);
  const counts = real.create(null) as Record<string, number>;
  const nothing = (): void => undefined;
  const methods: Record<string, (...args: never[]) => void> = {
    log: out,
    info: out,
    debug: out,
    table: out,
    error: err,
    warn: err,
    trace: err,
    dir: (value: unknown) => line("out", [inspect(value)]),
    assert: (condition: unknown, ...args: unknown[]) => {
      if (!condition) line("err", [args.length === 0 ? "Assertion failed" : `Assertion failed: ${formatLine(args)}`]);
    },
    count: (label = "default") => line("out", [`${label}: ${(counts[label] = (counts[label] ?? 0) + 1)}`]),
    group: (...args: unknown[]) => {
      if (args.length > 0) line("out", args);
      indent += "  ";
    },
    groupEnd: () => {
      indent = real.sliceText(indent, 2);
    },
    time: nothing,
    timeEnd: nothing,
    timeLog: nothing,
  };
  define(world, "console", methods);
  define(world, "print", out);
}

function indented(text: string, indent: string): string {
  let result = indent;
  for (let i = 0; i < text.length; i++) result += text[i] === "\n" ? `\n${indent}` : text[i]!;
  return result;
}
