import { createTaskSource, distinctTestSet } from "@retool-ts/data";
import { gradedRollouts, summarizeEvaluation, wilsonInterval, type Environment, type GradedRollout } from "@retool-ts/evaluate";
import type { ModelFiles } from "@retool-ts/policy";
import type { CodeRunner } from "@retool-ts/rollout";
import { toRecord } from "@retool-ts/runs/records";
import { RL_START, train, type Recorder, type RlState, type TrainConfigInput } from "@retool-ts/train";
import * as tf from "@tensorflow/tfjs-core";
import { afterLoss, chooseEngine, messageOf, type EngineChoice, type Refusal } from "../engine/choose-engine.js";
import { compareEngines } from "../engine/compare-engines.js";
import { unlessLost, WEB_ASSEMBLY, type Compute } from "../engine/compute.js";
import { readState, writeState, type PolicyState } from "../engine/policy-state.js";
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

/** Tries to start WebGPU, and says why not. */
export type OpenWebGpu = () => Promise<Compute | Refusal>;

/** One policy that learns, with everything around it, in one thread; the page's worker has one, and tests have one in Node. */
export class Session {
  readonly #files: ModelFiles;
  readonly #sandbox: CodeRunner;
  readonly #heldOut = distinctTestSet({ count: HELD_OUT });
  #policy: Policy;
  #state: RlState = RL_START;
  #compute: Compute = WEB_ASSEMBLY;
  /** The newest position with weights and optimizer, where the policy is on something that can go away. */
  #saved: { readonly at: RlState; readonly policy: PolicyState } | undefined;
  /** Told when the session has to change what it computes with. */
  onEngine: (choice: EngineChoice) => void = () => {};

  private constructor(files: ModelFiles, policy: Policy, sandbox: CodeRunner) {
    this.#files = files;
    this.#policy = policy;
    this.#sandbox = sandbox;
  }

  /** A session on WebAssembly. */
  static async open(files: ModelFiles, sandbox: CodeRunner): Promise<Session> {
    await WEB_ASSEMBLY.activate();
    return new Session(files, await openPolicy(files), sandbox);
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** Steps of training behind the weights. */
  get step(): number {
    return this.#state.step;
  }

  /** Finds what computes a step faster, and goes on with that. */
  async chooseEngine({ engine, groupSize }: Settings, openWebGpu: OpenWebGpu): Promise<EngineChoice> {
    let webGpu: Compute | undefined;
    const choice = await chooseEngine(engine, async () => {
      const opened = await openWebGpu();
      if ("refusal" in opened) return opened;
      webGpu = opened;
      try {
        const request = { files: this.#files, environment: this.#environment(true), answers: groupSize, isPatient: engine === "webgpu" };
        return await compareEngines(opened, request);
      } finally {
        await this.#compute.activate();
      }
    });
    try {
      await this.#moveTo(choice.engine === "webgpu" ? webGpu! : WEB_ASSEMBLY);
      return choice;
    } catch (error) {
      await this.#fallBack();
      return { engine: "wasm", reason: `WebGPU failed: ${messageOf(error)}.` };
    }
  }

  /** Accuracy on held-out problems. */
  measure({ hasTool }: Pick<Settings, "hasTool">): Promise<Measure> {
    return this.#surely(async () => {
      const request = { problems: this.#heldOut, samples: 1, sampling: EVALUATION_SAMPLING, seed: SEED, step: this.step };
      const { accuracy, rollouts } = summarizeEvaluation(await gradedRollouts(this.policy, this.#environment(hasTool), request));
      return measureOf(this.step, accuracy, rollouts.codeRatio);
    });
  }

  /** One answer of the current weights, told as it comes. */
  answer(question: Question, { hasTool }: Pick<Settings, "hasTool">, onPart: OnPart = () => {}): Promise<FollowedAnswer> {
    return this.#surely(() => answerQuestion(this.policy, this.#environment(hasTool), { question, step: this.step, onPart }));
  }

  /** The model's folder as it would be written now. */
  files(): Promise<ModelFiles> {
    return this.#surely(() => this.policy.files());
  }

  /** So many steps more; an interruption ends before the next update, and training can go on from there. */
  async train(settings: Settings, listener: TrainingListener, signal: AbortSignal): Promise<void> {
    const goal = this.step + settings.steps;
    try {
      await this.#surely(() => this.#trainTo(goal, settings, listener, signal));
    } catch (error) {
      if (!signal.aborted) throw error;
      this.policy.engine.clearGradients();
    }
  }

  async #trainTo(goal: number, settings: Settings, listener: TrainingListener, signal: AbortSignal): Promise<void> {
    let shown: readonly GradedRollout[] = [];
    let started = performance.now();
    const compute = this.#compute;
    this.#state = await train({
      policy: this.policy,
      environment: this.#environment(settings.hasTool),
      problems: createTaskSource({ seed: SEED, split: "train" }),
      heldOut: { problems: this.#heldOut, sampling: EVALUATION_SAMPLING },
      config: trainConfig(settings, goal),
      seed: SEED,
      recorder: this.#recorder(compute),
      from: this.#state,
      signal,
      onRollouts: (rollouts) => void (shown = tellingGroup(rollouts, settings.groupSize)),
      onMetrics: async (record) => {
        this.#checkStill(compute);
        const number = (name: string) => Number(record[name]);
        const [step, now] = [number("step"), performance.now()];
        const { numTensors: tensors, numBytes: bytes } = tf.memory();
        const rollouts = shown.map((rollout) => toRecord(rollout, { phase: "While training", step }));
        const rates = { reward: number("reward/mean"), accuracy: number("reward/accuracy"), codeRatio: number("rollout/code_ratio") };
        this.#state = { ...this.#state, step, totalSteps: step };
        if (record["eval/accuracy"] !== undefined) listener.onMeasure(measureOf(step, number("eval/accuracy"), number("eval/code_ratio")));
        await listener.onStep({ step, ...rates, rollouts, durationMs: now - started, tensors, bytes });
        started = performance.now();
      },
    });
  }

  dispose(): void {
    this.policy.dispose();
  }

  /** Goes on with something else, with the same weights and optimizer. */
  async #moveTo(compute: Compute): Promise<void> {
    if (compute === this.#compute) return;
    const saved = { at: this.#state, policy: await readState(this.#policy) };
    const old = this.#policy;
    await unlessLost(compute, async () => {
      await compute.activate();
      this.#policy = await openPolicy(this.#files);
      writeState(this.#policy, saved.policy);
    });
    old.dispose();
    this.#compute = compute;
    this.#saved = saved;
  }

  /** Work that is done again on WebAssembly, from the newest position, where what it ran on fails. */
  async #surely<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await unlessLost(this.#compute, work);
    } catch (error) {
      if (this.#compute === WEB_ASSEMBLY || (error instanceof Error && error.name === "AbortError")) throw error;
      await this.#fallBack();
      this.onEngine(afterLoss(messageOf(error)));
      return work();
    }
  }

  async #fallBack(): Promise<void> {
    const lost = this.#policy;
    this.#compute = WEB_ASSEMBLY;
    await WEB_ASSEMBLY.activate();
    if (this.#saved === undefined) return;
    this.#policy = await openPolicy(this.#files);
    writeState(this.#policy, this.#saved.policy);
    this.#state = this.#saved.at;
    this.#saved = undefined;
    try {
      lost.dispose();
    } catch {
      // its memory went with it
    }
  }

  #environment(hasTool: boolean): Environment {
    return playgroundEnvironment(this.policy, this.#sandbox, hasTool);
  }

  /** Keeps the position, and a copy of weights and optimizer where what they are on can go away. */
  #recorder(compute: Compute): Recorder {
    return {
      appendMetrics: async () => {},
      saveCheckpoint: async ({ state }) => {
        this.#checkStill(compute);
        if (state.phase !== "rl") return "";
        this.#state = state;
        if (compute.lost === undefined) return "";
        const policy = await readState(this.#policy);
        this.#checkStill(compute);
        this.#saved = { at: state, policy };
        compute.freeUnused?.();
        return "";
      },
    };
  }

  /** Ends training that was given up because what it ran on went away, and that only learns of it now. */
  #checkStill(compute: Compute): void {
    if (this.#compute !== compute) throw new Error("another engine took over");
  }
}

/** The quickstart's settings, with the visitor's. */
function trainConfig({ groupSize, learningRate, masksOutput }: Settings, goal: number): TrainConfigInput {
  return {
    steps: goal,
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
