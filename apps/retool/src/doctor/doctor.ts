import { checkBackends } from "./doctor-backends.js";
import type { DoctorCheck } from "./doctor-check.js";
import { checkDisk, checkMachine } from "./doctor-machine.js";
import { checkPython, checkSandbox } from "./doctor-sandbox.js";
import { packageVersion } from "../shell/version.js";

export interface DoctorOptions {
  /** Folder in which runs will be kept. */
  readonly runs: string;
  readonly json: boolean;
  readonly color: boolean;
  readonly print: (text: string) => void;
}

/** Looks at everything that training needs and prints it; returns whether training can run. */
export async function doctor({ runs, json, color, print }: DoctorOptions): Promise<boolean> {
  const checks: DoctorCheck[] = [];
  const add = (check: DoctorCheck) => {
    checks.push(check);
    if (!json) print(renderCheck(check, color));
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

function renderCheck({ name, status, detail, fix }: DoctorCheck, color: boolean): string {
  const [word, code] = { ok: ["OK", "32"], info: ["--", "2"], problem: ["PROBLEM", "31;1"] }[status] as [string, string];
  const label = color ? `\u001b[${code}m${word.padEnd(7)}\u001b[0m` : word.padEnd(7);
  return `${label}  ${name.padEnd(22)}  ${detail}${fix === undefined ? "" : `\n${" ".repeat(33)}To mend it: ${fix}.`}`;
}
