import { createTaskSource, distinctTestSet } from "@retool-ts/data";
import { gradedRollouts, summarizeEvaluation, wilsonInterval, type Environment, type GradedRollout } from "@retool-ts/evaluate";
import type { ModelFiles } from "@retool-ts/policy";
import type { CodeRunner } from "@retool-ts/rollout";
import { toRecord } from "@retool-ts/runs/records";
import { RL_START, train, type Recorder, type RlState, type TrainConfigInput } from "@retool-ts/train";
import * as tf from "@tensorflow/tfjs-core";
import type { FollowedAnswer, Measure, Question, StepReport } from "../protocol.js";
import type { Settings } from "../settings.js";
import { answerQuestion, EVALUATION_SAMPLING, type OnPart } from "./answer.js";
import { playgroundEnvironment } from "./environment.js";
import { openPolicy, type Policy } from "./open-policy.js";

const SEED = 1;
const HELD_OUT = 200;
const PROMPTS_PER_STEP = 16;
/** Steps between two measures. */
const MEASURE_EVERY = 2;
/** Answers of a step that are shown. */
const MOST_SHOWN = 8;

/** Told how training goes. The next step waits for what `onStep` returns. */
export interface TrainingListener {
  onMeasure(measure: Measure): void;
  onStep(report: StepReport): Promise<void>;
}

/** One policy that learns, with everything around it, in one thread; the page's worker has one, and tests have one in Node. */
export class Session {
  readonly policy: Policy;
  readonly #sandbox: CodeRunner;
  readonly #heldOut = distinctTestSet({ count: HELD_OUT });
  #state: RlState = RL_START;

  private constructor(policy: Policy, sandbox: CodeRunner) {
    this.policy = policy;
    this.#sandbox = sandbox;
  }

  static async open(files: ModelFiles, sandbox: CodeRunner): Promise<Session> {
    return new Session(await openPolicy(files), sandbox);
  }

  /** Steps of training behind the weights. */
  get step(): number {
    return this.#state.step;
  }

  /** Accuracy on held-out problems. */
  async measure({ hasTool }: Pick<Settings, "hasTool">): Promise<Measure> {
    const request = { problems: this.#heldOut, samples: 1, sampling: EVALUATION_SAMPLING, seed: SEED, step: this.step };
    const { accuracy, rollouts } = summarizeEvaluation(await gradedRollouts(this.policy, this.#environment(hasTool), request));
    return measureOf(this.step, accuracy, rollouts.codeRatio);
  }

  /** One answer of the current weights, told as it comes. */
  answer(question: Question, { hasTool }: Pick<Settings, "hasTool">, onPart: OnPart = () => {}): Promise<FollowedAnswer> {
    return answerQuestion(this.policy, this.#environment(hasTool), { question, step: this.step, onPart });
  }

  /** So many steps more; an interruption ends before the next update, and training can go on from there. */
  async train(settings: Settings, listener: TrainingListener, signal: AbortSignal): Promise<void> {
    let shown: readonly GradedRollout[] = [];
    let started = performance.now();
    try {
      this.#state = await train({
        policy: this.policy,
        environment: this.#environment(settings.hasTool),
        problems: createTaskSource({ seed: SEED, split: "train" }),
        heldOut: { problems: this.#heldOut, sampling: EVALUATION_SAMPLING },
        config: trainConfig(settings, this.step),
        seed: SEED,
        recorder: this.#recorder(),
        from: this.#state,
        signal,
        onRollouts: (rollouts) => void (shown = tellingGroup(rollouts, settings.groupSize)),
        onMetrics: async (record) => {
          const number = (name: string) => Number(record[name]);
          const [step, now] = [number("step"), performance.now()];
          const { numTensors: tensors, numBytes: bytes } = tf.memory();
          const rollouts = shown.map((rollout) => toRecord(rollout, { phase: "While training", step }));
          const rates = { reward: number("reward/mean"), accuracy: number("reward/accuracy"), codeRatio: number("rollout/code_ratio") };
          this.#state = { ...this.#state, step, totalSteps: step };
          if (record["eval/accuracy"] !== undefined)
            listener.onMeasure(measureOf(step, number("eval/accuracy"), number("eval/code_ratio")));
          await listener.onStep({ step, ...rates, rollouts, durationMs: now - started, tensors, bytes });
          started = performance.now();
        },
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      this.policy.engine.clearGradients();
    }
  }

  dispose(): void {
    this.policy.dispose();
  }

  #environment(hasTool: boolean): Environment {
    return playgroundEnvironment(this.policy, this.#sandbox, hasTool);
  }

  /** Keeps the position; weights and optimizer live on. */
  #recorder(): Recorder {
    return {
      appendMetrics: async () => {},
      saveCheckpoint: async ({ state }) => {
        if (state.phase === "rl") this.#state = state;
        return "";
      },
    };
  }
}

/** The quickstart's settings, with the visitor's. */
function trainConfig({ groupSize, learningRate, steps, masksOutput }: Settings, behind: number): TrainConfigInput {
  return {
    steps: behind + steps,
    promptsPerStep: PROMPTS_PER_STEP,
    groupSize,
    learningRate: { peak: learningRate, warmupSteps: 5, kind: "linear", floor: 0.1 },
    maskToolTokens: masksOutput,
    evaluateEvery: MEASURE_EVERY,
    saveEvery: 1,
  };
}

function measureOf(step: number, accuracy: number, codeRatio: number): Measure {
  return { step, accuracy, interval: wilsonInterval(accuracy, HELD_OUT), problems: HELD_OUT, codeRatio };
}

/** The answers to one problem: the first of which some are right and some are wrong, because the policy learns from those. */
function tellingGroup(rollouts: readonly GradedRollout[], groupSize: number): readonly GradedRollout[] {
  const groups = Array.from({ length: Math.ceil(rollouts.length / groupSize) }, (_, i) =>
    rollouts.slice(i * groupSize, (i + 1) * groupSize),
  );
  const isMixed = (group: readonly GradedRollout[]) => new Set(group.map(({ reward }) => reward.correct)).size > 1;
  return (groups.find(isMixed) ?? groups[0] ?? []).slice(0, MOST_SHOWN);
}
