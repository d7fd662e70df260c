import { join, resolve } from "node:path";
import { InputError } from "@retool-ts/core";
import { writeFileAtomic } from "@retool-ts/runs";
import { renderReport } from "./render-report.js";
import { loadRunData, type LoadOptions } from "./run-data.js";

/**
 * Writes the report of a run.
 *
 * @param output - where to; `report.html` in the run's folder when absent.
 * @returns the path of the page.
 * @throws InputError when there is no run at `path`, or the page cannot be written.
 */
export async function writeReport(path: string, output = join(path, "report.html"), options: LoadOptions = {}): Promise<string> {
  const page = renderReport(await loadRunData(path, options));
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
