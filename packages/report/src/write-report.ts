import { join, resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { writeFileAtomic } from "@retool-ts/runs";
import { renderReport } from "./render-report.js";
import type { PurposeOf } from "./run-analysis.js";
import { loadRunData } from "./run-data.js";

/**
 * Writes the report of a run.
 *
 * @param output - where to; `report.html` in the run's folder when absent.
 * @param purposeOf - names what code is for in place of the rules.
 * @returns the path of the page.
 * @throws InputError when there is no run at `path`, or the page cannot be written.
 */
export async function writeReport(path: string, output = join(path, "report.html"), purposeOf?: PurposeOf): Promise<string> {
  const page = renderReport(await loadRunData(path, purposeOf));
  const target = resolve(output);
  try {
    await writeFileAtomic(target, page);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(
      { what: "report", where: output, expected: "a file that can be written", found, fix: "choose another path" },
      { cause },
    );
  }
  return target;
}
