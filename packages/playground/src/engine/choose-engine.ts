import { ENGINE_TITLES, type EngineName } from "./titles.js";

/** What the address asks for. */
export type EngineWish = EngineName | "auto";

/** What runs, and why, in a sentence or two for the visitor. */
export interface EngineChoice {
  readonly engine: EngineName;
  readonly reason: string;
}

/** A trial step on both. */
export interface Comparison {
  readonly stepMs: Readonly<Record<EngineName, number>>;
  /** In which way their results differ by more than rounding. */
  readonly disagreement?: string | undefined;
}

/** Why there is nothing to compare with, as the end of a sentence. */
export interface Refusal {
  readonly refusal: string;
}

/**
 * The faster of the two, if the results of WebGPU are right; WebAssembly wherever anything is in doubt.
 *
 * @param compare - tries both; it may fail
 */
export async function chooseEngine(wish: EngineWish, compare: () => Promise<Comparison | Refusal>): Promise<EngineChoice> {
  if (wish === "wasm") return { engine: "wasm", reason: "The address asks for it." };
  const found = await compare().catch((error: unknown) => ({ refusal: `WebGPU failed: ${messageOf(error)}` }));
  if ("refusal" in found) return { engine: "wasm", reason: sentence(found.refusal) };
  const { stepMs, disagreement } = found;
  if (disagreement !== undefined) return { engine: "wasm", reason: `WebGPU computed something else here: ${disagreement}.` };
  const faster: EngineName = stepMs.webgpu < stepMs.wasm ? "webgpu" : "wasm";
  const slower: EngineName = faster === "wasm" ? "webgpu" : "wasm";
  const times = `${took(faster, stepMs)} for a trial step, ${took(slower, stepMs)}.`;
  return wish === "webgpu" ? { engine: "webgpu", reason: `The address asks for it. ${times}` } : { engine: faster, reason: times };
}

/** What runs after WebGPU went away. */
export function afterLoss(reason: string): EngineChoice {
  return { engine: "wasm", reason: `WebGPU stopped working (${reason.replace(/\.$/, "")}). Training went on from its last finished step.` };
}

function took(engine: EngineName, stepMs: Comparison["stepMs"]): string {
  return `${ENGINE_TITLES[engine]} ${Math.max(1, Math.round(stepMs[engine]))} ms`;
}

export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 200);
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}
