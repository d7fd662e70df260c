import type { PolicyLossFunction } from "@retool-ts/algorithms";
import type { Problem, ProblemSource, TaskFamily } from "@retool-ts/data";
import type { RolloutReward } from "@retool-ts/evaluate";
import type { Tool } from "@retool-ts/rollout";
import type { Sandbox } from "@retool-ts/sandbox";
import type { AdvantageFunction } from "@retool-ts/train";

/** Things that a tool may need. */
export interface ToolSetting {
  /** The sandbox of the run; its owner closes it. */
  readonly sandbox: Sandbox;
  readonly seed: number;
}

/** A tool, or a function that makes one as a run begins. `close` is called when the run ends. */
export type PluginTool = PluggedTool | ((setting: ToolSetting) => PluggedTool | Promise<PluggedTool>);

/** A tool that may hold something open. */
export interface PluggedTool extends Tool {
  close?(): Promise<void>;
}

/** Which problems are asked for. */
export interface ProblemRequest {
  /** Training problems are taken by index without end; of held-out ones there are at most `count`. */
  readonly split: "train" | "validation" | "test";
  readonly seed: number;
  readonly count: number;
  /** `options` of the source in the config, as they are. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Problems: a list, which training goes through in a new order each epoch, or a source of its own. */
export type PluginProblems = (request: ProblemRequest) => PluginProblemSet | Promise<PluginProblemSet>;
type PluginProblemSet = readonly Problem[] | ProblemSource;

/** A family of generated problems; its name is the one that the plugin gives it. */
export type PluginFamily = Omit<TaskFamily, "name">;

/** Parts of one's own, by the names that a config calls them. */
export interface Plugin {
  /** For `tools`. */
  readonly tools?: Readonly<Record<string, PluginTool>>;
  /** For `reward.function`. */
  readonly rewards?: Readonly<Record<string, RolloutReward>>;
  /** For `data.train`, `data.validation` and `data.test`, `{ kind: plugin, name: … }`. */
  readonly problems?: Readonly<Record<string, PluginProblems>>;
  /** For `families` of generated problems: with worked solutions, so that cold starts have them as well. */
  readonly families?: Readonly<Record<string, PluginFamily>>;
  /** For `functions.loss`. */
  readonly losses?: Readonly<Record<string, PolicyLossFunction>>;
  /** For `functions.advantage`. */
  readonly advantages?: Readonly<Record<string, AdvantageFunction>>;
}

/** Gives a plugin its type: `export default definePlugin({ … })`. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}
