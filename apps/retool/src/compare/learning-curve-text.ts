import type { ComparisonResult } from "./comparison.js";
import { listText, percentText } from "./figures.js";

/** A fall in length of less than this share of the start is within the noise of an evaluation. */
const DIP = 0.05;

/**
 * Code use and length of the tool arm, seed by seed, beside the paper's course: code use climbs to nearly all responses,
 * while length falls sharply and then climbs slowly, to 40 % less than at first.
 *
 * See "ReTool" (https://arxiv.org/abs/2504.11536), section 3.3.
 */
export function learningCurveSentences({ runs }: ComparisonResult): string[] {
  const tools = runs.filter(({ arm }) => arm === "tool");
  if (tools.length === 0) return [];
  const courses = tools.map(({ seed, curve }) => {
    const [first, last] = [curve[0]!, curve.at(-1)!];
    const low = curve.reduce((least, point) => (point.responseTokens < least.responseTokens ? point : least));
    const dips = low.responseTokens < (1 - DIP) * first.responseTokens;
    return { seed, first, last, low, dips, climbs: dips && last.responseTokens > (1 + DIP) * low.responseTokens };
  });
  const dipped = courses.filter(({ dips }) => dips);
  const climbed = courses.filter(({ climbs }) => climbs);
  return [
    ...courses.map(
      ({ seed, first, last, low }) =>
        `Tool RL, seed ${seed}: code in ${percentText(first.codeRatio, 0)} of responses at step 0, ${percentText(last.codeRatio, 0)} at step ${last.step}; length ${first.responseTokens.toFixed(1)} tokens, least ${low.responseTokens.toFixed(1)} at step ${low.step}, at the end ${last.responseTokens.toFixed(1)}.`,
    ),
    "In the paper code use climbs to 98 % of responses, and length falls sharply, then climbs slowly and ends 40 % below its start. " +
      (dipped.length === 0
        ? "Here length does not dip with any seed."
        : climbed.length === courses.length
          ? "Here length dips and climbs with every seed."
          : `Here length dips with ${seedsText(dipped)}${climbed.length === 0 ? " and stays there: there is no climb" : `, and climbs again with ${seedsText(climbed)}`}.`),
  ];
}

function seedsText(courses: readonly { readonly seed: number }[]): string {
  return `${courses.length === 1 ? "seed" : "seeds"} ${listText(courses.map(({ seed }) => seed))}`;
}
