import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exampleRecord, exampleSummary } from "../../runs/test/example-run.js";
import { createRunFolder } from "@retool-ts/runs";
import { writeReport } from "./write-report.js";

test("writeReport puts the page into the run's folder, equal bytes each time", async () => {
  const folder = await mkdtemp(join(tmpdir(), "retool-report-"));
  try {
    const run = await createRunFolder(join(folder, "run"));
    await run.writeSummary(exampleSummary());
    await run.writeTrajectories("final", [exampleRecord()]);
    const path = await writeReport(run.path);
    const page = await readFile(path, "utf8");
    expect(path).toBe(run.file("report.html"));
    expect(page.endsWith("</html>\n")).toBe(true);
    expect(await readFile(await writeReport(run.path, join(folder, "other.html")), "utf8")).toBe(page);
    await expect(writeReport(join(folder, "absent"))).rejects.toThrow("expected the folder of a run");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
