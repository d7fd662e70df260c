// node bench/turns.mjs [another build's index.js]: CPU ms and wall ms of a turn of a session, medians, over worlds of several sizes and over
// sessions in turn; beside another build's, alternating, so that both meet the same load. Prints a table, and last one JSON line.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ROUNDS = 9;
const builds = [new URL("../dist/index.js", import.meta.url), ...process.argv.slice(2).map((path) => pathToFileURL(resolve(path)))];
const fill = (mib) =>
  `const big = []; for (let i = 0; i < ${mib}; i++) { const a = new Uint8Array(2 ** 20); for (let j = 0; j < a.length; j += 64) a[j] = j * 7 + i; big.push(a) }`;
/** Cells before, the cell that is measured, turns a round, sessions in turn. */
const CASES = {
  small: ["let n = 0", "n += 1; n", 60, 1],
  list: ["let n = 0; const list = range(1, 10000)", "n += list.length; n", 60, 1],
  eight_sessions: ["let n = 0; const list = range(1, 10000)", "n += list.length; n", 60, 8],
  four_mib: [`let n = 0; ${fill(4)}`, "n += 1; big[1][64] = n & 255; n", 30, 1],
  thirty_mib: [`let n = 0; ${fill(30)}`, "n += 1; n", 6, 1],
};

const sandboxes = await Promise.all(builds.map(async (url) => (await import(url.href)).createSandbox({ workers: 1 })));
const figures = {};
for (const [name, [setup, cell, turns, sessions]] of Object.entries(CASES)) {
  const open = await Promise.all(sandboxes.map((box) => Promise.all(Array.from({ length: sessions }, () => box.open()))));
  for (const group of open) for (const session of group) for (const code of [setup, cell, cell]) await session.run(code);
  const rounds = sandboxes.map(() => ({ cpu: [], wall: [] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, group] of open.entries()) {
      const [cpuStart, startMs] = [process.cpuUsage(), performance.now()];
      for (let turn = 0; turn < turns; turn++) await group[turn % sessions].run(cell);
      const { user, system } = process.cpuUsage(cpuStart);
      rounds[i].cpu.push((user + system) / 1_000 / turns);
      rounds[i].wall.push((performance.now() - startMs) / turns);
    }
  }
  for (const group of open) for (const session of group) await session.close();
  figures[name] = rounds.map(({ cpu, wall }) => ({ cpu_ms: median(cpu), wall_ms: median(wall), least_wall_ms: round(Math.min(...wall)) }));
  const line = figures[name].map((one) => `${one.cpu_ms} CPU ms, ${one.wall_ms} ms (least ${one.least_wall_ms})`).join("  other build: ");
  console.log(`${name.padEnd(15)} ${line}`);
}
for (const sandbox of sandboxes) await sandbox.close();
console.log(JSON.stringify(figures));

function median(values) {
  return round(values.toSorted((a, b) => a - b)[values.length >> 1]);
}

function round(value) {
  return Number(value.toPrecision(3));
}
