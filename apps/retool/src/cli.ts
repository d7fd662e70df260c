#!/usr/bin/env node
import { nodeVersionProblem } from "./shell/node-version.js";

// The version comes first: what is imported after it may not even parse on an older Node.
const problem = nodeVersionProblem(process.versions.node);
if (problem === undefined) {
  const [{ runProcess }, { registerCommands }] = await Promise.all([import("./shell/process.js"), import("./commands/index.js")]);
  await runProcess(process.argv.slice(2), registerCommands);
} else {
  console.error(problem);
  process.exitCode = 2;
}
