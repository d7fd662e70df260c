const TITLES: Readonly<Record<string, string>> = {
  coldStart: "Cold start, before RL",
  final: "Final, after RL",
  sft: "Supervised fine-tuning",
  rl: "Reinforcement learning",
  train: "Reinforcement learning",
  eval: "Evaluation",
  checkpoint: "Checkpoint",
  critic: "Pretraining of the critic",
};

/** A phase in words. */
export function phaseTitle(phase: string): string {
  return Object.hasOwn(TITLES, phase) ? TITLES[phase]! : phase;
}

/** A phase in words, within a sentence. */
export function phaseWords(phase: string): string {
  return Object.hasOwn(TITLES, phase) ? TITLES[phase]!.charAt(0).toLowerCase() + TITLES[phase]!.slice(1) : phase;
}

/** A share as a percentage: `96.3 %`; a dash when there is none. */
export function percent(share: number | null | undefined, digits = 1): string {
  return typeof share === "number" && Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : "–";
}
