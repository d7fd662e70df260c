import { checkBackends } from "./doctor-backends.js";
import type { DoctorCheck } from "./doctor-check.js";
import { checkDisk, checkMachine } from "./doctor-machine.js";
import { checkPython, checkSandbox } from "./doctor-sandbox.js";
import { wrapped } from "../shell/text-table.js";
import { packageVersion } from "../shell/version.js";

export interface DoctorOptions {
  /** Folder in which runs will be kept. */
  readonly runs: string;
  readonly json: boolean;
  readonly color: boolean;
  /** Columns of the terminal; a pipe has no end. */
  readonly width: number;
  readonly print: (text: string) => void;
}

/** Looks at everything that training needs and prints it; returns whether training can run. */
export async function doctor({ runs, json, color, width, print }: DoctorOptions): Promise<boolean> {
  const checks: DoctorCheck[] = [];
  const add = (check: DoctorCheck) => {
    checks.push(check);
    if (!json) print(renderCheck(check, { color, width }));
  };
  for (const check of checkMachine()) add(check);
  for (const check of await checkBackends()) add(check);
  for (const check of await checkSandbox()) add(check);
  for (const check of await checkPython()) add(check);
  add(await checkDisk(runs));
  const problems = checks.filter(({ status }) => status === "problem").length;
  if (json) print(JSON.stringify({ ok: problems === 0, version: packageVersion(), checks }, null, 2));
  else
    print(
      problems === 0
        ? "\nTraining can run here."
        : `\n${problems} ${problems === 1 ? "problem" : "problems"} to mend before training can run.`,
    );
  return problems === 0;
}

/** Columns before a check's detail, and before the lines below its name where the terminal has no room for them beside it. */
const BESIDE = 33;
const BELOW = 9;
/** Columns that a detail has at least beside its name. */
const LEAST = 40;

/** A check in lines of the terminal. */
export function renderCheck({ name, status, detail, fix }: DoctorCheck, { color, width }: Pick<DoctorOptions, "color" | "width">): string {
  const [word, code] = { ok: ["OK", "32"], info: ["--", "2"], problem: ["PROBLEM", "31;1"] }[status] as [string, string];
  const label = color ? `\u001b[${code}m${word.padEnd(7)}\u001b[0m` : word.padEnd(7);
  const isBeside = width >= BESIDE + LEAST;
  const at = isBeside ? BESIDE : BELOW;
  const texts = fix === undefined ? [detail] : [detail, `To mend it: ${fix}.`];
  const lines = texts.flatMap((text) => wrapped(text, width - at)).map((line) => " ".repeat(at) + line);
  if (!isBeside) return [`${label}  ${name}`, ...lines].join("\n");
  return [`${label}  ${name.padEnd(BESIDE - BELOW - 2)}  ${lines[0]!.trimStart()}`, ...lines.slice(1)].join("\n");
}
