/**
 * An `--import` for a process of Node: at its end it leaves its processor time, threads included, in the file that CPU_FILE names. Programs
 * that it starts leave none: CPU_PARENT is the process that measures.
 */
export const CPU_METER = `data:text/javascript,${encodeURIComponent(`
  import { writeFileSync } from "node:fs";
  import { isMainThread } from "node:worker_threads";
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    if (isMainThread && process.ppid === Number(process.env.CPU_PARENT)) writeFileSync(process.env.CPU_FILE, String((user + system) / 1e6));
  });
`)}`;
