/** Prints the figures of the sandbox as a table, each beside its aim where there is one. */
export function printTable(f) {
  const ms = (value) => (value === null ? "not there" : `${value} ms`);
  const times = (value) => (value === null ? "not there" : `${value}×`);
  const rows = [
    ["what", "figure", "aim"],
    ["fresh runs a second, one worker", f.fresh_runs_per_s, "≥ 1500", f.fresh_runs_per_s >= 1_500],
    ["fresh runs a second of CPU, all threads", f.fresh_runs_per_cpu_s, "≥ 1500", f.fresh_runs_per_cpu_s >= 1_500],
    ["  the same with fraction.js and decimal.js", f.preload_fresh_runs_per_s, ""],
    ["turn of a session", ms(f.session_turn_ms), "< 8 ms", f.session_turn_ms < 8],
    ["fork", ms(f.fork_ms), "< 2 ms", f.fork_ms < 2],
    ["fork and its first turn", ms(f.fork_and_turn_ms), ""],
    ["snapshot", `${ms(f.snapshot_ms)}, ${Math.round(f.snapshot_bytes / 1024)} KiB`, ""],
    ["restore and a turn", ms(f.restore_and_turn_ms), ""],
    ["  the same with fraction.js and decimal.js", ms(f.preload_restore_and_turn_ms), ""],
    [`latency under ${f.queued_jobs} queued jobs, p50`, ms(f.latency_p50_ms), ""],
    [`latency under ${f.queued_jobs} queued jobs, p99`, ms(f.latency_p99_ms), ""],
    ["a fresh `node` child", ms(f.node_child_ms), ""],
    ["a fresh `python3` child", ms(f.python_child_ms), ""],
    ["a fresh isolate of isolated-vm", ms(f.isolated_vm_ms), ""],
    ["faster than the `node` child", times(f.times_node_child), "≥ 50×", f.times_node_child >= 50],
    ["faster than the `python3` child", times(f.times_python_child), "≥ 50×", f.times_python_child === null || f.times_python_child >= 50],
    ["faster than isolated-vm", times(f.times_isolated_vm), ""],
    ...["pyodide", "bwrap"].flatMap((backend) => pythonRows(backend, f)),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const [what, figure, aim, isMet] of rows) {
    const met = isMet === undefined ? "" : isMet ? "met" : "missed";
    console.log(`${what.padEnd(widths[0])}  ${String(figure).padStart(widths[1])}  ${aim.padEnd(widths[2])}  ${met}`.trimEnd());
  }
}

/** Rows of a Python backend; none when it is absent. */
function pythonRows(backend, f) {
  const [turnMs, runMs] = [f[`python_${backend}_turn_ms`], f[`python_${backend}_fresh_run_ms`]];
  if (turnMs === undefined) return [];
  return [
    [`Python turn, ${backend}`, `${turnMs} ms`, "< 5 ms", turnMs < 5],
    [`Python fresh run, ${backend}`, `${runMs} ms`, ""],
  ];
}
