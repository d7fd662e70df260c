import type { ResponseReward } from "@retool-ts/reward";
import { openRunFolder } from "@retool-ts/runs";
import { trainRecipe, type RecipeSettings } from "../src/recipe/train-recipe.js";
import { QUIET } from "./quiet-shell.js";

/** Random weights solve nothing, so that something else must tell rollouts apart: whether their number of letters is even. */
const parity: ResponseReward = ({ modelText }) => {
  const correct = modelText.length % 2 === 0;
  return { score: correct ? 1 : -1, correct, prediction: undefined, parts: { parity: correct ? 1 : -1 } };
};

/** What a test changes of the run. */
export interface SmokeSettings {
  readonly train?: NonNullable<RecipeSettings["train"]>;
  readonly model?: NonNullable<RecipeSettings["model"]>;
}

/** How a run goes on, and where it ends. */
export interface SmokeEnd {
  readonly resume?: boolean;
  /** RL step at which it dies. */
  readonly dieAt?: number;
}

/** RL of the smoke preset in a folder, with an end at a step if asked for. */
export async function trainSmoke(run: string, { train, ...others }: SmokeSettings, { resume = false, dieAt = 0 }: SmokeEnd = {}) {
  const stopping = { update: (done: number) => void (done === dieAt && fail()), done() {} };
  const fail = () => {
    throw new Error("the power went out");
  };
  const settings: RecipeSettings = {
    backend: "wasm",
    budgets: { maxResponseTokens: 24 },
    eval: { problems: 4 },
    train: { steps: 4, saveEvery: 2, promptsPerStep: 3, groupSize: 3, trajectoriesEvery: 1, ...train },
    ...others,
  };
  const progress = (label: string, total: number, start?: number) => (label === "RL" ? stopping : QUIET.progress(label, total, start));
  await trainRecipe({
    run,
    preset: "smoke",
    ...(resume ? {} : { settings }),
    resume,
    parts: { sft: false, rl: true },
    reward: parity,
    reporter: { ...QUIET, progress },
  });
  return (await openRunFolder(run)).readMetrics();
}
