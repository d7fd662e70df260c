#!/usr/bin/env node
import { nodeVersionProblem } from "./shell/node-version.js";

// The version comes first: what is imported after it may not even parse on an older Node.
const problem = nodeVersionProblem(process.versions.node);
if (problem === undefined) {
  const { runProcess } = await import("./shell/process.js");
  await runProcess(process.argv.slice(2));
} else {
  console.error(problem);
  process.exitCode = 2;
}
