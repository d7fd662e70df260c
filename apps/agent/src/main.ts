import { createReporter, trainAgent, type Agent } from "retool";

/** Each of them is a file of its own; none knows that it is trained. */
const AGENTS: Readonly<Record<string, () => Promise<{ readonly agent: Agent }>>> = {
  "ai-sdk": () => import("./ai-sdk-agent.js"),
  openai: () => import("./openai-agent.js"),
  mcp: () => import("./mcp-agent.js"),
};

const [name = "ai-sdk", model = "runs/sft", run = `runs/${name}`, seed = "1"] = process.argv.slice(2);
const load = AGENTS[name];
if (load === undefined) throw new Error(`expected one of ${Object.keys(AGENTS).join(", ")}, got ${name}`);
const { agent } = await load();

const { phases } = await trainAgent({ agent, model, run, settings: { seed: Number(seed) }, reporter: createReporter() });
for (const [phase, { accuracy, ci95 }] of Object.entries(phases)) {
  const [low, high] = ci95.map((share) => `${(100 * share).toFixed(1)} %`);
  console.log(`${phase}: ${(100 * accuracy).toFixed(1)} % (${low} to ${high})`);
}
process.exit(0); // the agents keep their sandboxes open
