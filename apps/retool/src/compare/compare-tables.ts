import { ARM_NAMES, ARM_TITLES } from "./arms.js";
import type { ArmSummary, ComparisonResult } from "./comparison.js";
import { numberText, percentText, shareText } from "./figures.js";

/** A table: the first row is the heading. */
export type Table = readonly (readonly string[])[];

/** Cold start and end of each arm, and what they were trained on. */
export function outcomeTable({ arms }: ComparisonResult): Table {
  return [
    ["", "cold start", "best along RL", "final", "code ratio, before and after", "tokens, before and after", "SFT steps", "SFT tokens"],
    ...arms.map(({ title, coldStart, best, final, codeRatio, responseTokens, sftSteps, sftTokens }) => [
      title,
      shareText(coldStart),
      shareText(best),
      shareText(final),
      `${percentText(codeRatio.coldStart.mean, 0)}, ${percentText(codeRatio.final.mean, 0)}`,
      `${responseTokens.coldStart.mean.toFixed(1)}, ${responseTokens.final.mean.toFixed(1)}`,
      numberText(sftSteps, 0),
      `${(sftTokens.mean / 1e6).toFixed(2)} M`,
    ]),
  ];
}

/** Accuracy after RL by level and by family. */
export function groupTable({ arms }: ComparisonResult): Table {
  const rows = (key: "levels" | "families", label: (name: string) => string) => {
    const names = [...new Set(arms.flatMap((arm) => Object.keys(arm[key])))];
    return names.map((name) => [label(name), ...arms.map((arm) => groupCell(arm, key, name))]);
  };
  return [["", ...arms.map(({ title }) => title)], ...rows("levels", (name) => `level ${name}`), ...rows("families", (name) => name)];
}

function groupCell(arm: ArmSummary, key: "levels" | "families", name: string): string {
  const interval = arm[key][name];
  return interval === undefined ? "–" : shareText(interval);
}

/** One line a seed and arm. */
export function seedTable({ runs, duels }: ComparisonResult): Table {
  const passed = ARM_NAMES.filter((arm) => duels.some((duel) => duel.arm === arm));
  return [
    ["run", "cold start", "final", ...passed.map((arm) => `passes ${ARM_TITLES[arm]} at step`)],
    ...runs.map(({ run, arm, seed, coldStart, final }) => [
      run,
      percentText(coldStart.accuracy),
      percentText(final.accuracy),
      ...passed.map((name) => {
        if (arm !== "tool") return "";
        const found = duels.find((duel) => duel.arm === name)!.crossings.find((candidate) => candidate.seed === seed);
        return found === undefined ? "–" : found.step === null ? "never" : `${found.step} (${percentText(found.share!, 0)})`;
      }),
    ]),
  ];
}
