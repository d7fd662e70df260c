// Measures what docs/guide/speed.md shows, on this machine, and writes its tables: `pnpm bench all`.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./bootstrap.mjs";

const [BEGIN, END] = ["<!-- figures: `pnpm bench all` writes them -->", "<!-- end of figures -->"];
const MODES = { plain: "temperature 1", top_p: "top-p 0.7", top_k: "top-k 20", greedy: "most likely" };

/** @param count - repetitions of each figure, of which the median is shown */
export async function writeSpeedPage(count) {
  const bench = join(root, "packages/policy/bench");
  const { probeBackends } = await import(pathToFileURL(join(root, "packages/policy/dist/node.js")));
  const native = (await probeBackends()).find((probe) => probe.native?.kernels === true);
  const sampling = ["wasm", ...(native === undefined ? [] : [native.name])].map((name) =>
    measure(join(bench, "sampling.mjs"), name, count),
  );
  const threads = measure(join(bench, "threads.mjs"), Math.min(cpus().length, 4), count);
  const path = join(root, "docs/guide/speed.md");
  const [before, rest] = readFileSync(path, "utf8").split(BEGIN);
  const after = rest.split(END)[1];
  const text = [machine(native), samplingTable(sampling), threadsTable(threads)].join("\n\n");
  writeFileSync(path, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  console.log(text);
}

function measure(file, ...args) {
  const { stdout, status } = spawnSync(process.execPath, [file, ...args.map(String)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${file} ended with code ${status}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

function machine(native) {
  const tfjs = JSON.parse(readFileSync(join(root, "packages/policy/node_modules/@tensorflow/tfjs-core/package.json"), "utf8")).version;
  const parts = [`${cpus()[0].model}, ${cpus().length} cores`, `Node ${process.version.slice(1)}`, `TensorFlow.js ${tfjs}`];
  if (native !== undefined) parts.push(`TensorFlow ${native.native.tensorflow ?? ""}`.trim());
  return `Measured on ${parts.join(", ")}.`;
}

function samplingTable(results) {
  const rows = results.flatMap(({ backend, ...figures }) =>
    Object.entries(MODES).map(([mode, name]) => {
      const { kernel_ms: kernel, read_back_ms: read, other_tokens: others } = figures[mode];
      return [backend, name, read, kernel, (read / kernel).toFixed(1), others];
    }),
  );
  return table(["backend", "tokens", "read back, ms", "kernel, ms", "ratio", "other tokens"], rows);
}

function threadsTable(figures) {
  const rows = Object.entries(figures).map(([name, each]) => [
    name.split("_")[1],
    each.train_main_ms,
    each.train_cpu_ms,
    each.sample_main_ms,
    each.sample_cpu_ms,
  ]);
  return table(["threads", "update, ms", "of all threads, CPU ms", "sampling, ms", "of all threads, CPU ms"], rows);
}

function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
