import { createReporter, trainAgent } from "retool";
import { agent } from "./ai-sdk-agent.js";

const [model = "runs/sft", run = "runs/agent", seed = "1"] = process.argv.slice(2);

const { phases } = await trainAgent({ agent, model, run, settings: { seed: Number(seed) }, reporter: createReporter() });
for (const [name, { accuracy, ci95 }] of Object.entries(phases)) {
  const [low, high] = ci95.map((share) => `${(100 * share).toFixed(1)} %`);
  console.log(`${name}: ${(100 * accuracy).toFixed(1)} % (${low} to ${high})`);
}
process.exit(0);
