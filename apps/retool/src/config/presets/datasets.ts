/** A published dataset that presets name. */
export interface PublishedDataset {
  /** As configs name it. */
  readonly path: string;
  readonly rows: string;
  /** Columns that are read. */
  readonly columns: string;
  readonly license?: string;
}

/** The datasets of the published recipes, on the Hugging Face hub. */
export const DATASETS: readonly PublishedDataset[] = [
  {
    path: "hub:JoeYing/ReTool-SFT",
    rows: "2,000 conversations, one Parquet file of 5 MB",
    columns: "messages: the user's and the assistant's",
    license: "Apache-2.0",
  },
  {
    path: "hub:BytedTsinghua-SIA/DAPO-Math-17k",
    rows: "about 1.79 million, each of some 17,400 problems a hundred times",
    columns: "prompt, reward_model.ground_truth",
    license: "Apache-2.0",
  },
  { path: "hub:Maxwell-Jia/AIME_2024", rows: "30", columns: "Problem, Answer", license: "MIT" },
  { path: "hub:yentinglin/aime_2025", rows: "30", columns: "problem, answer" },
];

export const RETOOL_SFT = { kind: "file", path: "hub:JoeYing/ReTool-SFT" } as const;
export const DAPO_MATH = {
  kind: "file",
  path: "hub:BytedTsinghua-SIA/DAPO-Math-17k",
  columns: { question: "prompt", answer: "reward_model.ground_truth" },
} as const;
export const AIME_2024 = { kind: "file", path: "hub:Maxwell-Jia/AIME_2024", columns: { question: "Problem", answer: "Answer" } } as const;
export const AIME_2025 = { kind: "file", path: "hub:yentinglin/aime_2025", columns: { question: "problem", answer: "answer" } } as const;
