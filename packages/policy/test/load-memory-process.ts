// A process of its own: `load-memory-process BACKEND FOLDER` loads a model and prints what that took, in bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { useBackend, type BackendName } from "../src/backend.js";
import { loadModel } from "../src/checkpoint/checkpoint.js";

const [backend, folder] = process.argv.slice(2) as [BackendName, string];
await useBackend(backend);

/** A line of what Linux knows about this process. */
function statusBytes(key: "VmRSS" | "VmHWM"): number {
  return 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8"))![1]);
}

writeFileSync("/proc/self/clear_refs", "5"); // the peak begins anew
const before = statusBytes("VmRSS");
const model = await loadModel(folder);
const peak = statusBytes("VmHWM");
console.log(JSON.stringify({ weights: 4 * model.count, taken: peak - before }));
model.dispose();
