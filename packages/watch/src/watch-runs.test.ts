import { join } from "node:path";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { exampleRecord } from "../../runs/test/example-run.js";
import { beginRun, CONFIG, finishRun, inFolder, logSteps } from "./example-folder.test-support.js";
import { WATCH_PAGE } from "./watch-page.js";
import { watchRuns, type WatchOptions } from "./watch-runs.js";

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror='a()'>"'\u202e\u0007`;

interface Asking {
  /** The document of a part. */
  part(path: string, query?: Readonly<Record<string, string>>): Promise<Document>;
  get(path: string, init?: RequestInit): Promise<Response>;
}

/** A served dashboard, and questions to it. */
async function serving(
  options: Partial<WatchOptions> & Pick<WatchOptions, "paths">,
  work: (asking: Asking) => Promise<void>,
): Promise<void> {
  const server = await watchRuns({ parseConfig: JSON.parse, intervalMs: 5, ...options });
  const get = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init);
  try {
    await work({
      get,
      async part(path, query = {}) {
        const response = await get(`/parts/${path}?${new URLSearchParams(query).toString()}`);
        expect(response.status).toBe(200);
        return parseHTML(`<!doctype html><html><body>${await response.text()}</body></html>`).document;
      },
    });
  } finally {
    await server.close();
  }
}

/** Events of the stream, one at a time. */
async function* events(response: Response): AsyncGenerator<string> {
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 2);
    }
  }
}

const cards = (document: Document) =>
  [...document.querySelectorAll(".rollout")].map(({ textContent }) => textContent!.replaceAll(/\s+/g, " "));

test("the page itself has no data and fits into 300 KiB", () => {
  expect(Buffer.byteLength(WATCH_PAGE)).toBeLessThan(300 * 1024);
  expect(WATCH_PAGE).toContain("connect-src 'self'");
});

test("lists runs, draws their curves over each other, and shows rollouts by filter, twice, and settings", () =>
  inFolder(async (folder) => {
    const [one, two] = [
      await beginRun(join(folder, "one")),
      await beginRun(join(folder, "two"), { ...CONFIG, train: { steps: 100, groupSize: 16, kl: 0.1 } }),
    ];
    await logSteps(one, 1, 100);
    await logSteps(two, 1, 60);
    await finishRun(one);
    await serving({ paths: [folder] }, async ({ part, get }) => {
      const rows = [...(await part("runs")).querySelectorAll("tbody tr")].map(({ textContent }) =>
        textContent!.replaceAll(/\s+/g, " ").trim(),
      );
      expect(rows).toEqual([
        "one ✓ finishedReinforcement learning, step 100 of 100–96.5 % (Final, after RL)1,100",
        "two ■ stoppedReinforcement learning, step 60 of 100–60.0 % (training)1,060",
      ]);
      const curves = await (await get("/parts/curves?run=r1&run=r2&smooth=none")).text();
      const reward = parseHTML(curves).document.querySelector("figure .plot")!.getAttribute("aria-label");
      expect(reward).toBe(
        "Reward. one: from 0.01 at step 1 to 1 at step 100; lowest 0.01 at step 1, highest 1 at step 100. two: from 0.01 at step 1 to 0.6 at step 60; lowest 0.01 at step 1, highest 0.6 at step 60.",
      );
      for (const title of ["Tokens per second", "Time of a step", "tokens per second", "seconds"]) expect(curves).toContain(title);
      expect(curves).not.toContain("&quot;mean&quot;");
      expect(await (await get("/parts/curves?run=r1&smooth=10")).text()).toContain("&quot;mean&quot;");

      expect(cards(await part("rollouts", { run: "r1" }))).toHaveLength(3);
      const only = async (query: Readonly<Record<string, string>>) =>
        cards(await part("rollouts", { run: "r1", file: "final.jsonl.gz", ...query }));
      expect(await only({ verdict: "wrong" })).toEqual([expect.stringContaining("lcm-2")]);
      expect(await only({ stop: "maxTokens" })).toHaveLength(1);
      expect(await only({ calls: "failed" })).toEqual([expect.stringContaining("late")]);
      expect(await only({ problem: "gcd-1" })).toHaveLength(1);
      expect(await only({ page: "99999999999999999999", verdict: "right" })).toHaveLength(2);
      expect(cards(await part("rollouts", { run: "r1", file: "coldStart.jsonl.gz" }))).toHaveLength(2);

      const diff = await part("diff", { run: "r1" });
      expect([...diff.querySelectorAll("select[name=problem] option")].map(({ textContent }) => textContent)).toEqual([
        "gcd-1: wrong → right",
        "lcm-2: right → wrong",
      ]);
      expect(cards(diff)).toEqual([expect.stringContaining("✗ wrong"), expect.stringContaining("✓ right")]);
      expect(diff.querySelector(".words ins")!.textContent).toContain("compute");

      const settings = await part("config", { run: "r1", other: "r2" });
      expect([...settings.querySelectorAll("tbody tr")].map(({ textContent }) => textContent!.replaceAll(/\s+/g, " ").trim())).toEqual([
        "train.groupSize 816",
        "train.kl –0.1",
      ]);
    });
  }));

test("events tell of what a run adds, also after it was killed and went on, and of runs that begin", () =>
  inFolder(async (folder) => {
    const run = await beginRun(join(folder, "one"));
    await logSteps(run, 1, 5);
    await serving({ paths: [folder] }, async ({ get, part }) => {
      const stop = new AbortController();
      const stream = events(await get("/events", { signal: stop.signal }));
      const next = async () => JSON.parse(/data: (.*)/.exec((await stream.next()).value as string)![1]!) as { runs: [string, number][] };
      const first = await next();
      expect(first.runs.map(([id]) => id)).toEqual(["r1"]);
      const progress = async () => (await part("runs")).querySelector("[data-label=progress]")!.textContent;
      const until = async (text: string) => {
        while ((await progress()) !== text) await next();
      };
      await logSteps(run, 6, 8);
      await until("Reinforcement learning, step 8 of 100");
      await run.truncateAfter(6);
      await until("Reinforcement learning, step 6 of 100");
      await logSteps(run, 7, 9);
      await until("Reinforcement learning, step 9 of 100");
      await beginRun(join(folder, "two"));
      for (let seen = first; seen.runs.length < 2;) seen = await next();
      stop.abort();
    });
  }));

test("text of a hostile run stays text in every part", () =>
  inFolder(async (folder) => {
    const run = await beginRun(join(folder, "run"), { [HOSTILE]: HOSTILE });
    await run.appendMetrics({ phase: HOSTILE, step: 1, stage: HOSTILE, [HOSTILE]: 1, "reward/mean": 1 });
    const segments = [
      { kind: "prompt" as const, text: `system ${HOSTILE} ${HOSTILE}`, tokens: 1 },
      { kind: "model" as const, text: HOSTILE, tokens: 1 },
    ];
    const record = exampleRecord({
      phase: HOSTILE,
      problemId: HOSTILE,
      question: HOSTILE,
      groundTruth: HOSTILE,
      prediction: HOSTILE,
      family: HOSTILE,
      stopReason: HOSTILE as "eos",
      segments,
    });
    await run.writeTrajectories("step-000001", [record]);
    await run.writeTrajectories("final", [{ ...record, segments: [segments[0]!, { ...segments[1]!, text: `other ${HOSTILE}` }] }]);
    await serving({ paths: [folder] }, async ({ get }) => {
      for (const path of [
        "runs",
        "curves?run=r1",
        "rollouts?run=r1",
        `rollouts?run=r1&problem=${encodeURIComponent(HOSTILE)}`,
        "diff?run=r1",
        "config?run=r1",
      ]) {
        const text = await (await get(`/parts/${path}`)).text();
        expect(text, path).not.toMatch(/<(script|img)|\u202e|(?![\n\t])\p{Cc}/u);
        for (const tag of text.matchAll(/<[a-z][^<>]*>/g)) expect(tag[0]).not.toMatch(/\son\w+\s*=\s*["'a-z]/i);
      }
    });
  }));

test("requests name no paths, strange ones get answers, and folders with faults are listed with them", () =>
  inFolder(async (folder) => {
    const run = await beginRun(join(folder, "run"));
    await finishRun(run);
    const { writeFile } = await import("node:fs/promises");
    await writeFile(run.file("summary.json"), "[]");
    await serving({ paths: [run.path] }, async ({ part, get }) => {
      expect((await part("runs")).querySelector(".notice")!.textContent).toContain("summary.json");
      expect((await part("rollouts", { run: "../../etc" })).body.textContent).toContain("Tick a run");
      expect(cards(await part("rollouts", { run: "r1", file: "../config.yaml" }))).toHaveLength(3);
      expect((await part("curves", { run: "r9" })).body.textContent).toContain("Tick a run");
      await writeFile(run.file("trajectories", "zz.jsonl"), "5\n");
      const broken = await get("/parts/rollouts?run=r1&file=zz.jsonl");
      expect(await broken.text()).toMatch(/zz\.jsonl:1/);
      expect((await get("/parts/other")).status).toBe(404);
      expect((await get("/../../etc/passwd")).status).toBe(404);
    });
    await expect(watchRuns({ paths: [join(folder, "absent")] })).rejects.toThrow("expected a folder, found nothing");
    await expect(watchRuns({ paths: [folder], host: "0.0.0.0" })).rejects.toThrow("expected a token");
  }));

test("with a token nothing of a run is told without it, and the page's address carries it behind #", () =>
  inFolder(async (folder) => {
    await beginRun(join(folder, "run"));
    const server = await watchRuns({ paths: [folder], token: "a-key/1+x" });
    try {
      expect(server.page).toBe(`${server.url}/#token=a-key%2F1%2Bx`);
      expect((await fetch(server.url)).status).toBe(200);
      for (const path of ["/parts/runs", "/events", "/parts/config"]) expect((await fetch(`${server.url}${path}`)).status).toBe(401);
      const allowed = await fetch(`${server.url}/parts/runs`, { headers: { authorization: "Bearer a-key/1+x" } });
      expect(allowed.status).toBe(200);
    } finally {
      await server.close();
    }
  }));
