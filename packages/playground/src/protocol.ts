import type { TrajectoryRecord } from "@retool-ts/runs/records";
import type { EngineChoice } from "./engine/choose-engine.js";
import type { Settings } from "./settings.js";

/** A problem to answer; one that a visitor wrote has no known answer. */
export interface Question {
  readonly text: string;
  readonly answer?: string;
}

/** Messages from the page to the worker that holds the policy. */
export type ToWorker =
  /** The first message: loads everything, and measures the policy as it is. */
  | { readonly type: "open"; readonly settings: Settings }
  /** Finds what computes faster, before any training. */
  | { readonly type: "choose"; readonly settings: Settings }
  | { readonly type: "train"; readonly settings: Settings }
  /** Ends training before the next update. */
  | { readonly type: "stop" }
  /** Between two steps, if training goes on. */
  | { readonly type: "answer"; readonly id: number; readonly question: Question; readonly settings: Settings }
  /** The problem to answer again every ten steps. */
  | { readonly type: "follow"; readonly question: Question }
  | { readonly type: "save" };

/** Accuracy on held-out problems. */
export interface Measure {
  readonly step: number;
  readonly accuracy: number;
  /** Wilson's 95 % interval. */
  readonly interval: readonly [low: number, high: number];
  readonly problems: number;
  readonly codeRatio: number;
}

/** One step of reinforcement learning. */
export interface StepReport {
  readonly step: number;
  readonly reward: number;
  readonly accuracy: number;
  readonly codeRatio: number;
  /** Answers to one of the step's problems. */
  readonly rollouts: readonly TrajectoryRecord[];
  /** Milliseconds that the step took. */
  readonly durationMs: number;
  /** Tensors that live after it, and their bytes. */
  readonly tensors: number;
  readonly bytes: number;
}

/** An answer that a visitor follows over the steps. */
export interface FollowedAnswer {
  readonly step: number;
  readonly record: TrajectoryRecord;
  readonly isGraded: boolean;
}

/** Messages from the worker to the page. */
export type FromWorker =
  | { readonly type: "ready"; readonly parameters: number; readonly questions: readonly Required<Question>[] }
  | { readonly type: "engine"; readonly choice: EngineChoice }
  | { readonly type: "measure"; readonly measure: Measure }
  | { readonly type: "step"; readonly report: StepReport }
  | { readonly type: "part"; readonly id: number; readonly kind: "model" | "tool"; readonly text: string }
  | { readonly type: "answer"; readonly id: number; readonly answer: FollowedAnswer }
  | { readonly type: "followed"; readonly answer: FollowedAnswer }
  | { readonly type: "stopped"; readonly step: number }
  | { readonly type: "saved"; readonly name: string; readonly zip: Uint8Array<ArrayBuffer> }
  | { readonly type: "failed"; readonly message: string };
