import { blocksOf, type TrajectoryRecord } from "@retool-ts/runs";
import { markup, type Html } from "./markup.js";
import type { RunData } from "./run-data.js";
import { renderPrompt } from "./rollout-card.js";
import { renderTable } from "./table.js";

/** A setting by its dotted name. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** Settings that are shown; a config has some 150. */
const MOST_SETTINGS = 600;
const MOST_DEPTH = 12;

/** Hyperparameters that the page's head shows, where the config has them. */
const HEAD: Readonly<Record<string, string>> = {
  "train.steps": "RL steps",
  "train.advantage": "advantage",
  "train.loss": "loss",
  "train.promptsPerStep": "prompts per step",
  "train.groupSize": "group size",
  "train.learningRate.peak": "peak learning rate of RL",
  "train.clipLow": "clip below",
  "train.clipHigh": "clip above",
  "train.kl": "KL penalty",
  "train.kl.coef": "KL coefficient",
  "train.entropyCoef": "entropy bonus",
  "train.updatesPerStep": "updates per step",
  "train.offPolicySteps": "steps off policy",
  "train.sampling.temperature": "temperature",
  "train.sampling.topP": "top-p",
  "budgets.maxResponseTokens": "longest response, tokens",
  "budgets.maxToolCalls": "most calls",
};

/** A config as a list of settings. Lists of plain values are one setting. */
export function flattenConfig(config: unknown): Setting[] {
  const settings: Setting[] = [];
  const visit = (name: string, value: unknown, depth: number) => {
    if (settings.length >= MOST_SETTINGS) return;
    const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
    if (typeof value !== "object" || value === null || isPlainList || depth > MOST_DEPTH || Object.keys(value).length === 0) {
      settings.push({ name, value: value === null ? "none" : typeof value === "string" ? value : jsonOf(value) });
      return;
    }
    for (const [key, part] of Object.entries(value)) visit(name === "" ? key : `${name}.${key}`, part, depth + 1);
  };
  visit("", config, 0);
  return settings;
}

/** JSON, or a word for a value that goes round, as YAML's anchors can write it. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "a value that contains itself";
  }
}

/** The hyperparameters that matter most, as labelled values. */
export function headSettings(config: unknown): [string, string][] {
  const values = new Map(flattenConfig(config).map(({ name, value }) => [name, value]));
  return Object.entries(HEAD).flatMap(([name, label]) => (values.has(name) ? [[label, values.get(name)!] as [string, string]] : []));
}

/** All settings, and what the model reads before each problem; nothing for a run that kept neither. */
export function renderSettings({ config, configText, records }: RunData): Html | undefined {
  const example = records.records()[0];
  if (configText === undefined && example === undefined) return undefined;
  return markup`${example && renderPromptExample(example)}
    ${
      configText === undefined
        ? undefined
        : markup`<details>
            <summary>The resolved config</summary>
            ${config === undefined ? markup`<pre class="config">${configText}</pre>` : renderConfig(config)}
          </details>`
    }`;
}

/** Settings as a table. */
export function renderConfig(config: unknown): Html {
  const rows = flattenConfig(config).map(({ name, value }) => [name, markup`<span class="value">${value.slice(0, 2_000)}</span>`]);
  return renderTable(["setting", "value"], rows, { label: "Settings of the run", kind: "settings" });
}

function renderPromptExample(record: TrajectoryRecord): Html {
  const prompt = blocksOf(record).find(({ kind }) => kind === "prompt");
  if (prompt === undefined) return markup``;
  return markup`<p>
      What the model reads before it answers, system message, instructions and tools included, by the example of one problem:
    </p>
    ${renderPrompt(record, { isWhole: true })}`;
}
