import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { beforeAll, expect, test } from "vitest";
import { browserParts, SOURCE_FOLDER } from "../src/browser-parts.js";
import { createSandbox, type ExecutionResult } from "../src/index.js";

const LIMIT_MS = 45_000;
const BROWSERS = [process.env["RETOOL_BROWSER"], "chromium", "chromium-browser", "google-chrome", "chrome"];
const browser = BROWSERS.find((name) => name !== undefined && spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
if (browser === undefined) console.warn("skipped: the sandbox in a real browser; no Chromium was found, RETOOL_BROWSER names one");

let bundle: string;
let imports: readonly string[];
beforeAll(() => {
  const entry = { entryPoints: [join(SOURCE_FOLDER, "browser/index.ts")], define: browserParts(SOURCE_FOLDER, buildSync) };
  const shared = { bundle: true, write: false, metafile: true, format: "esm", target: "es2022", platform: "browser" } as const;
  const { outputFiles, metafile } = buildSync({ ...shared, ...entry, conditions: ["@retool-ts/source"] });
  bundle = outputFiles[0]!.text;
  imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
});

test("the entry bundles for browsers, with nothing of Node in it", () => {
  expect(imports).toEqual([]);
  expect(bundle.match(/["'`]node:\w+|worker_threads|\bcreateRequire\b/g)).toBeNull();
  expect(/export\s*\{[^}]*\bcreateSandbox\b/.test(bundle)).toBe(true);
});

/** Cells of one session, and codes that are run alone, in the browser and in Node. */
const CELLS = [
  "let n = 40; const m = new Map([[1, 2n ** 70n]]); Math.random()",
  "n += 2; print('n', n); [n, m, Date.now()]",
  "n = 0; for (;;);",
  "n",
];
const CODES = [
  "factor(360)",
  "null.x",
  "console.error('\\ud800 </interpreter>'); 'a\\0b'",
  "for (;;) print(1)",
  "(function f() { f() })()",
];
const BOMB = "const q = []; for (;;) q.push(new Uint8Array(1e6))";
const STUCK = "print('began'); Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)";
const OPTIONS = { seed: 3, limits: { fuel: 100, wallMs: 20_000, memoryBytes: 32 * 2 ** 20 } };

const PAGE = `<!doctype html><script type="module">
const report = (value) => fetch("/report", { method: "POST", body: JSON.stringify(value) });
try {
  const { createSandbox } = await import("/sandbox.js");
  const sandbox = await createSandbox(${JSON.stringify(OPTIONS)});
  const session = await sandbox.open();
  const cells = [];
  for (const cell of ${JSON.stringify(CELLS)}) cells.push(await session.run(cell));
  const [fork] = await session.fork(1);
  const from = await session.snapshot();
  const kept = [await fork.run("++n"), await (await sandbox.open({ from })).run("++n"), await session.run("n")];
  const codes = await sandbox.runBatch([...${JSON.stringify(CODES)}, ${JSON.stringify(BOMB)}]);
  const [stuck, next] = await Promise.all([
    sandbox.run(${JSON.stringify(STUCK)}, { limits: { fuel: 1e9, wallMs: 300, graceMs: 200 }, rerun: false }),
    sandbox.run("6 * 7"),
  ]);
  const blocked = sandbox.run("'in time'", { limits: { wallMs: 200, graceMs: 100 } });
  await new Promise((resolve) => setTimeout(resolve, 30));
  const until = performance.now() + 1_000;
  while (performance.now() < until);
  await report({ cells, kept, codes, stuck, next, blocked: await blocked, restarts: sandbox.stats().restarts });
} catch (error) {
  await report({ failure: String(error?.stack ?? error) });
}
</script>`;

interface Report {
  readonly failure?: string;
  readonly cells: ExecutionResult[];
  readonly kept: ExecutionResult[];
  readonly codes: ExecutionResult[];
  readonly stuck: ExecutionResult;
  readonly next: ExecutionResult;
  readonly blocked: ExecutionResult;
  readonly restarts: number;
}

/** Opens the page in a headless browser and waits for its report. */
async function inBrowser(program: string): Promise<Report> {
  const profile = mkdtempSync(join(tmpdir(), "sandbox-browser-"));
  let reported: (text: string) => void = () => undefined;
  const report = new Promise<string>((resolve) => (reported = resolve));
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (request.url === "/report") reported(body);
      const isScript = request.url === "/sandbox.js";
      response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" }).end(isScript ? bundle : PAGE);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
  const child = spawn(program, [...flags, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`], {
    stdio: "ignore",
    detached: true,
  });
  const timer = setTimeout(() => reported('{"failure":"the page did not report in time"}'), LIMIT_MS);
  try {
    return JSON.parse(await report) as Report;
  } finally {
    clearTimeout(timer);
    const gone = new Promise((resolve) => child.once("close", resolve));
    process.kill(-child.pid!, "SIGKILL"); // the browser's own processes with it
    await gone;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const withoutTime = (results: readonly ExecutionResult[]): unknown => results.map((r) => ({ ...r, usage: { ...r.usage, wallMs: 0 } }));

const skipped = browser === undefined ? " (skipped: no Chromium or Chrome is installed)" : "";

test.skipIf(browser === undefined)(
  `in a real browser: results as in Node, deadlines kept, a blocked page kills nothing${skipped}`,
  async () => {
    const page = await inBrowser(browser!);
    expect(page.failure).toBeUndefined();
    await using sandbox = await createSandbox(OPTIONS);
    const session = await sandbox.open();
    const cells: ExecutionResult[] = [];
    for (const cell of CELLS) cells.push(await session.run(cell));
    expect(withoutTime(page.cells)).toEqual(withoutTime(cells));
    expect(page.kept.map(({ feedback }) => feedback)).toEqual(["43", "43", "42"]);
    expect(withoutTime(page.codes.slice(0, 4))).toEqual(withoutTime(await sandbox.runBatch(CODES.slice(0, 4))));
    expect(page.codes.slice(4).map(({ status }) => status)).toEqual(["stack", "oom"]);
    expect(page.stuck).toMatchObject({ status: "timeout", stdout: "began\n", feedback: "began\n[timeout: time limit]" });
    expect([page.next.feedback, page.blocked.feedback, page.restarts]).toEqual(["42", "'in time'", 1]);
  },
);
