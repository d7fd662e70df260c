// Loaded before the command line by `NODE_OPTIONS=--import`: kills the process, without any warning, at a given file operation.
import { open as openForProbe } from "node:fs/promises";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const killAt = Number(process.env.RETOOL_TEST_KILL_AT);
let operations = 0;

/** Counts an operation; the chosen one is not carried out, or only its first half. */
function reached() {
  return ++operations === killAt;
}

function die() {
  process.kill(process.pid, "SIGKILL");
  for (;;); // the signal is on its way
}

const probe = await openForProbe(new URL(import.meta.url), "r");
const handle = Object.getPrototypeOf(probe);
await probe.close();

const { write, writeFile } = handle;
handle.write = async function (data, ...rest) {
  if (!reached()) return write.call(this, data, ...rest);
  await write.call(this, data.slice(0, Math.floor(data.length / 2)));
  return die();
};
handle.writeFile = async function (data, ...rest) {
  if (!reached()) return writeFile.call(this, data, ...rest);
  await writeFile.call(this, data.slice(0, Math.floor(data.length / 2)), ...rest);
  return die();
};
const { rename, rm } = fs.promises;
fs.promises.rename = async (...names) => {
  if (reached()) die();
  return rename(...names);
};
fs.promises.rm = async (...names) => {
  if (reached()) die();
  return rm(...names);
};
const { writeSync } = fs;
fs.writeSync = (file, data, ...rest) => {
  if (!reached()) return writeSync(file, data, ...rest);
  writeSync(file, data.slice(0, Math.floor(data.length / 2)));
  return die();
};
syncBuiltinESMExports();
process.on("exit", () => {
  if (process.env.RETOOL_TEST_COUNT_FILE) fs.writeFileSync(process.env.RETOOL_TEST_COUNT_FILE, String(operations));
});
