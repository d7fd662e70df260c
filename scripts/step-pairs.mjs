// One GRPO step of the tiny model, ours and TRL's, in pairs that run one after the other, each side the median of its own steps on one thread.
import { join } from "node:path";
import { lastLine, pythonVersions } from "./bench-process.mjs";
import { root } from "./bootstrap.mjs";

const bench = join(root, "packages/policy/bench");

/** Why the peer cannot run; undefined when it can. */
export function missingTrl(python) {
  const versions = pythonVersions(python, ["trl", "torch"]);
  if (versions === undefined) return "RETOOL_BENCH_PYTHON names no Python";
  return versions.trl === undefined ? "the Python of RETOOL_BENCH_PYTHON has no trl" : undefined;
}

/**
 * CPU seconds of a step on each backend and by the peer, in turns: one list of measurements a turn, which is printed as soon as it is there.
 * Without a peer's Python, its figures are left out.
 */
export async function stepPairs({ steps, pairs, backends, python }) {
  const turns = [];
  for (let pair = 0; pair < pairs; pair++) {
    const turn = {};
    for (const backend of backends) {
      const { cpu_s_per_step: seconds } = await lastLine(process.execPath, [join(bench, "step.mjs"), steps, backend], {
        isOneThread: true,
      });
      turn[backend] = seconds;
    }
    if (python !== undefined) {
      const { cpu_s_per_step: seconds } = await lastLine(python, [join(bench, "step_peer.py"), steps], { isOneThread: true });
      turn.trl = seconds;
    }
    console.log(JSON.stringify(turn));
    turns.push(turn);
  }
  return turns;
}

/** Median over the turns of a figure, or of its ratio to another in the same turn. */
export function medianOf(turns, name, other) {
  const values = turns.map((turn) => (other === undefined ? turn[name] : turn[name] / turn[other])).sort((a, b) => a - b);
  return values[values.length >> 1];
}
