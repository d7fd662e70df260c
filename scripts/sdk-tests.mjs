// Tests with Python's tinker SDK and tinker-cookbook, for `.ci/run`: pip brings them, about a gigabyte, into RETOOL_PEERS_FOLDER (default:
// below the system's temporary folder), where they stay for the next time. Where Python 3.11 or a package cannot be had, or ten minutes are
// over, it says so and skips. The last line is `N passed, N failed`.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localEnvironment, root } from "./bootstrap.mjs";
import { report, Skip, timedRun } from "./timed-run.mjs";

const { need, pythonWith, runTests } = timedRun(600_000);
const tests = "packages/tinker-server/test/sdk";
const peers = process.env.RETOOL_PEERS_FOLDER ?? join(tmpdir(), "retool-peers");

await report("tests with Python's tinker SDK", async () => {
  if (process.env.RETOOL_CI_SDK === "0") throw new Skip("RETOOL_CI_SDK is 0");
  const from = process.env.RETOOL_PYTHON ?? "python3.11";
  await need("no Python 3.11", from, ["-c", "import sys; assert sys.version_info[:2] == (3, 11)"], 20_000);
  for (const [name, packages] of Object.entries(JSON.parse(readFileSync(join(root, tests, "environments.json"), "utf8")))) {
    const folder = join(peers, name);
    const ready = join(folder, "ready");
    if (existsSync(ready) && readFileSync(ready, "utf8") === packages.join("\n")) continue;
    rmSync(folder, { recursive: true, force: true });
    await pythonWith(folder, packages, { from });
    writeFileSync(ready, packages.join("\n"));
  }
  return runTests([tests], { env: { ...localEnvironment(), RETOOL_PEERS: "sdk", RETOOL_PEERS_FOLDER: peers } });
});
