// node bench/report.mjs [steps] [another build's index.js]: CPU seconds of the report of a long run, medians, in parts; beside another build's,
// alternating. Prints one JSON line a build.
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const ROUNDS = 5;
const [steps = "10000", other] = process.argv.slice(2);
const urls = [new URL("../dist/index.js", import.meta.url), ...(other === undefined ? [] : [pathToFileURL(resolve(other))])];
const builds = await Promise.all(urls.map((url) => import(url.href)));
const folder = mkdtempSync(join(tmpdir(), "report-bench-"));
writeRun(folder, Number(steps), builds[0].METRIC_MEANINGS);
try {
  const figures = builds.map(() => ({ load: [], render: [], total: [] }));
  let pages = [];
  for (let round = 0; round < ROUNDS; round++) {
    pages = [];
    for (const [i, { loadRunData, renderReport }] of builds.entries()) {
      const startS = cpuSeconds();
      const run = await loadRunData(folder);
      const loadedS = cpuSeconds();
      pages.push(renderReport(run));
      figures[i].load.push(loadedS - startS);
      figures[i].render.push(cpuSeconds() - loadedS);
      figures[i].total.push(cpuSeconds() - startS);
    }
  }
  for (const [i, { load, render, total }] of figures.entries()) {
    const line = { build: i === 0 ? "this" : "other", steps: Number(steps), load_cpu_s: median(load), render_cpu_s: median(render) };
    console.log(JSON.stringify({ ...line, total_cpu_s: median(total), page_mib: Number((pages[i].length / 2 ** 20).toFixed(2)) }));
  }
  if (pages.length > 1) console.log(`the pages are ${pages[0] === pages[1] ? "equal" : "different"}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** A run with every metric that has a meaning, an evaluation every 50 steps, and eight rollouts of every step. */
function writeRun(path, count, meanings) {
  const names = Object.keys(meanings).filter((name) => !/[*<{]|\/$/.test(name) && name !== "step");
  const noise = (step, k) => Number((0.5 + 0.4 * Math.sin(step / (50 + k)) + 0.1 * Math.sin(step * (k + 1.7))).toPrecision(6));
  const lines = Array.from({ length: count }, (_, i) => {
    const values = names.filter((name) => !name.startsWith("eval") || i % 50 === 49).map((name, k) => [name, noise(i, k)]);
    return `${JSON.stringify({ phase: "rl", step: i + 1, "rl/step": i + 1, ...Object.fromEntries(values) })}\n`;
  });
  writeFileSync(join(path, "metrics.jsonl"), lines.join(""));
  writeFileSync(
    join(path, "manifest.json"),
    JSON.stringify({ retool: "0.0.0", seed: 1, started: "2026-01-01T00:00:00Z", command: ["rl"] }),
  );
  mkdirSync(join(path, "trajectories"));
  for (let step = 1; step <= count; step++) {
    const records = Array.from({ length: 8 }, (_, k) => `${JSON.stringify(rollout(step, k))}\n`);
    writeFileSync(join(path, "trajectories", `train-${String(step).padStart(6, "0")}.jsonl.gz`), gzipSync(records.join(""), { level: 1 }));
  }
}

function rollout(step, sampleIndex) {
  const code = `const a = ${step} * ${sampleIndex + 2}\nprint(a)`;
  const correct = (step + sampleIndex) % 3 > 0;
  const [id, answer] = [`gcd-${step % 97}`, String(step * (sampleIndex + 2))];
  return {
    phase: "train",
    step,
    problemId: id,
    sampleIndex,
    question: `What is ${step} times ${sampleIndex + 2}?`,
    groundTruth: answer,
    family: "product",
    level: 1 + (step % 3),
    score: correct ? 1 : -1,
    correct,
    prediction: answer,
    parts: { answer: correct ? 1 : -1 },
    advantage: 0.1,
    stopReason: "answered",
    turns: 2,
    promptTokens: 40,
    responseTokens: 60,
    segments: [
      { kind: "prompt", text: `What is ${step} times ${sampleIndex + 2}?`, tokens: 40 },
      { kind: "model", text: `Let me calculate. <code>${code}</code>`, tokens: 30 },
      { kind: "tool", text: `<interpreter>${answer}</interpreter>`, tokens: 10 },
      { kind: "model", text: `<answer>${answer}</answer>`, tokens: 20 },
    ],
    toolCalls: [{ tool: "code", input: code, result: answer, status: correct ? "ok" : "error", fuel: 1, start: 17 }],
  };
}

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function median(values) {
  return Number(values.toSorted((a, b) => a - b)[values.length >> 1].toPrecision(3));
}
