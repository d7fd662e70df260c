import { ARM_TITLES } from "./arms.js";
import type { ArmSummary, ComparisonResult } from "./comparison.js";
import { studentInterval } from "./student-interval.js";
import { listText, numberText, percentText, pointsText, shareText } from "./figures.js";

/** An objection, and the answer of the figures. */
export interface Answer {
  readonly objection: string;
  readonly sentences: readonly string[];
}

/** Answers to likely objections, in words that follow from the figures; objections without figures are left out. */
export function answerObjections(result: ComparisonResult): Answer[] {
  return [tooSmall(result), builtIns(result), spoiledColdStart(result), sameDistribution(result), moreSamples(result)].filter(
    ({ sentences }) => sentences.length > 0,
  );
}

function armOf({ arms }: ComparisonResult, name: ArmSummary["arm"]): ArmSummary | undefined {
  return arms.find(({ arm }) => arm === name);
}

function tooSmall(result: ComparisonResult): Answer {
  const [tool, text, text3x] = [armOf(result, "tool"), armOf(result, "text"), armOf(result, "text-3x")];
  const sentences: string[] = [];
  if (text !== undefined && text3x !== undefined) {
    const gain = text3x.final.mean - text.final.mean;
    const noise = (text.final.halfWidth ?? 0) + (text3x.final.halfWidth ?? 0);
    sentences.push(
      `Three times the SFT moved the text run from ${shareText(text.final)} to ${shareText(text3x.final)}: ${pointsText(gain)}, ` +
        (gain > noise
          ? "more than the two intervals together, so text is held back by training, and more of it would narrow the gap further."
          : "within the two intervals, so how much more training would help is not settled here."),
    );
  }
  for (const arm of [text, text3x]) {
    if (arm === undefined || tool === undefined) continue;
    const easy = Object.keys(arm.levels)[0];
    if (easy === undefined) continue;
    const levels = Object.entries(arm.levels).map(([level, { mean }]) => `${percentText(mean, 0)} at level ${level}`);
    const others = Object.values(tool.levels).map(({ mean }) => percentText(mean, 0));
    sentences.push(`${ARM_TITLES[arm.arm]} ends with ${listText(levels)}; tool RL with ${listText(others)}.`);
  }
  const parameters = result.runs[0]?.parameters;
  if (sentences.length > 0 && parameters !== undefined)
    sentences.push(
      `A model of ${parameters.toLocaleString("en-US")} parameters is small for calculating in its head. What a larger one would do is not measured: this is a miniature of the paper's comparison, not a replication.`,
    );
  return { objection: "So small a model cannot calculate, so text never had a chance.", sentences };
}

function builtIns(result: ComparisonResult): Answer {
  const shares = result.runs.flatMap(({ arm, helperShare }) => (arm === "tool" && helperShare !== null ? [helperShare] : []));
  if (shares.length === 0) return { objection: "", sentences: [] };
  const share = studentInterval(shares);
  return {
    objection: "The sandbox's own functions (isPrime, powmod, …) do the work.",
    sentences: [
      `${shareText(share)} of the right answers that tool RL ends with come after code that calls one of them; the others are plain arithmetic.`,
      share.mean > 0.5
        ? "So it is largely true: what is learned is to choose the function and to copy the operands. How it goes without them is not part of this comparison; the guide's page on ablations has it."
        : "So most right answers do not depend on them.",
    ],
  };
}

function spoiledColdStart(result: ComparisonResult): Answer {
  const objection = "The cold start was spoiled on purpose, and RL only recovers what was known.";
  const tool = armOf(result, "tool");
  const before = result.runs.flatMap(({ arm, stageAccuracy }) =>
    arm === "tool" && stageAccuracy["clean"] !== undefined ? [stageAccuracy["clean"]] : [],
  );
  if (tool === undefined || before.length === 0) return { objection, sentences: [] };
  const known = studentInterval(before);
  const difference = tool.final.mean - known.mean;
  return {
    objection,
    sentences: [
      `After the stage that shows code alone, accuracy on training-side problems was ${shareText(known)}; the mixture with few traces in code took it to ${shareText(tool.coldStart)} (code in ${shareText(tool.codeRatio.coldStart)} of responses), and RL to ${shareText(tool.final)} (code in ${shareText(tool.codeRatio.final)}).`,
      difference > 0.05
        ? `RL ends ${pointsText(difference)} above what the code stage had: it adds accuracy as well as the decision to use the tool.`
        : `RL ends ${pointsText(difference)} from what the code stage had: it mostly moves strategy, from text to the tool, and adds ${difference > 0 ? "little" : "no"} skill.`,
    ],
  };
}

function sameDistribution({ heldOut, arms }: ComparisonResult): Answer {
  const areFixed = arms.every(({ sftSteps }) => new Set(sftSteps.values).size === 1);
  const { problems, trainedOn, trainingProblems } = heldOut;
  return {
    objection: "The stages were stopped by looking at the test set.",
    sentences: [
      areFixed
        ? "The cold starts of an arm have the same number of steps with every seed: none was stopped by what it scored."
        : "The cold starts of an arm have different numbers of steps: stages were stopped by accuracy, on problems of the training side.",
      trainedOn === 0
        ? `None of the ${problems} held-out problems is among the ${trainingProblems.toLocaleString("en-US")} different ones that these runs trained on, in any wording.`
        : `${trainedOn} of the ${problems} held-out problems were also trained on, which is a fault of the split.`,
      "They come from the same families and wordings as the training problems; other wordings are not part of this comparison; the guide's page on ablations has them.",
    ],
  };
}

function moreSamples(result: ComparisonResult): Answer {
  const tool = armOf(result, "tool");
  const rollouts = new Set(result.runs.map(({ rl }) => rl.rollouts));
  if (tool === undefined || result.arms.length < 2) return { objection: "", sentences: [] };
  const lengths = result.arms.map(
    ({ title, rlTokens }) => `${title} ${Math.round(rlTokens.mean / 1_000).toLocaleString("en-US")} thousand`,
  );
  const efforts = result.arms.map(
    ({ title, sftSteps, sftTokens }) => `${title} ${numberText(sftSteps, 0)} steps and ${(sftTokens.mean / 1e6).toFixed(2)} million tokens`,
  );
  const silent = result.arms.map(({ title, zeroVarianceShare }) => `${title} ${percentText(zeroVarianceShare.mean, 0)}`);
  return {
    objection: "One side got more samples or more training.",
    sentences: [
      rollouts.size === 1
        ? `Every run sampled ${[...rollouts][0]!.toLocaleString("en-US")} rollouts, runs of one seed on the same problems, under the same limit of tokens.`
        : `The runs sampled different numbers of rollouts: ${listText([...rollouts])}.`,
      `Tokens sampled in RL, interpreter output included: ${lengths.join("; ")}. Cold start: ${efforts.join("; ")}.`,
      `Groups that taught nothing because all their rollouts scored the same, mean over RL: ${silent.join("; ")}.`,
    ],
  };
}
