import { CODE_INTERPRETER } from "@retool-ts/rollout";
import { z } from "zod";
import { batchCount, count, fraction, type LearningRate, positive, samplingConfig, SftConfig, TrainConfig } from "@retool-ts/train";
import { EngineConfig } from "./engine-config.js";
import { MixConfig, ProblemSourceConfig } from "./problem-source-config.js";
import { RewardConfig } from "./reward-config.js";
import { SandboxConfig } from "./sandbox-config.js";

const Sections = z.strictObject({
  seed: count.default(1).describe("Seed of everything random."),
  plugins: z
    .array(z.string())
    .default([])
    .describe("Modules with tools, rewards, problems, losses and advantages of one's own, which other keys then name."),
  tools: z
    .array(z.string())
    .default([CODE_INTERPRETER])
    .describe("Tools that the policy may call: the code interpreter, and tools of plugins."),
  functions: z
    .strictObject({
      advantage: z.string().nullable().default(null).describe("A plugin's function in place of `train.advantage`; null = none."),
      loss: z.string().nullable().default(null).describe("A plugin's function in place of `train.loss`; null = none."),
    })
    .prefault({})
    .describe("Functions of plugins in place of `train.advantage` and `train.loss`; null = none."),
  backend: z
    .enum(["auto", "tfjs-node-gpu", "tfjs-node", "wasm", "cpu"])
    .default("auto")
    .describe(
      "Where tensors live; auto takes wasm below half a million parameters, else the first that loads. A resumed run stays where it began.",
    ),
  threads: positive
    .nullable()
    .default(null)
    .describe("Threads that wasm computes with; null = one a core, at most 8. What comes out does not depend on it, to the bit."),
  engine: EngineConfig.prefault({ kind: "local" }).describe("Where the policy computes: in this process, or on a server."),
  model: z
    .strictObject({
      from: z
        .string()
        .nullable()
        .default(null)
        .describe(
          "A Hugging Face folder, checkpoint, .gguf file or `hub:owner/name[@revision]` to start from; null = random weights of the shape below.",
        ),
      hiddenSize: positive.default(64).describe("Width of a token's vector."),
      intermediateSize: positive.default(168).describe("Width of the feed-forward part."),
      layers: positive.default(3).describe("Layers."),
      heads: positive.default(8).describe("Attention heads."),
      kvHeads: positive.default(8).describe("Heads of keys and values; fewer than `heads` share them (grouped-query attention)."),
      maxPositions: positive.default(2_048).describe("Longest sequence in tokens."),
      ropeTheta: z.number().positive().default(100).describe("Base of the rotary position embedding."),
      tiedEmbeddings: z.boolean().default(false).describe("The output head shares the embedding matrix."),
      queryKeyNorm: z.boolean().default(true).describe("RMS norm of query and key heads, as in Qwen3."),
      embeddingStd: z.number().positive().default(0.4).describe("Standard deviation of the random embedding matrix."),
      headStd: z.number().positive().default(0.1).describe("Standard deviation of a random output head of its own."),
      lora: z
        .strictObject({
          rank: positive.default(16).describe("Rank of both matrices of the adapter."),
          alpha: z.number().positive().default(32).describe("The product of both matrices is scaled with alpha/rank."),
          dropout: z.number().min(0).lt(1).default(0).describe("Share of inputs that are zeroed in training."),
          modules: z
            .array(z.enum(["q", "k", "v", "o", "gate", "up", "down"]))
            .min(1)
            .default(["q", "k", "v", "o", "gate", "up", "down"])
            .describe("Matrices of a layer that get an adapter."),
          rankStabilized: z.boolean().default(false).describe("Scale with alpha/√rank."),
        })
        .nullable()
        .default(null)
        .describe(
          "Train a low-rank adapter on frozen weights; null = train all weights. A checkpoint with an adapter goes on with its own.",
        ),
    })
    .prefault({})
    .describe("The policy: weights to start from, or the shape of random ones."),
  tokenizer: z
    .strictObject({
      vocabSize: positive.min(300).default(600).describe("Largest vocabulary of the BPE trained on generated texts."),
      texts: positive.default(3_000).describe("Texts it is trained on."),
      families: z
        .array(z.string())
        .min(1)
        .nullable()
        .default(null)
        .describe("Families of the problems in these texts, so that their words are tokens; null = the ten default ones."),
    })
    .prefault({})
    .describe("The tokenizer of a model with random weights."),
  prompt: z
    .strictObject({
      format: z
        .enum(["auto", "plain", "chat"])
        .default("auto")
        .describe("chat: a user's message in the model's chat template; plain: text alone; auto: chat where the model has a template."),
      system: z.string().nullable().default(null).describe("The system message of a chat; null = what the template does without one."),
      template: z
        .string()
        .includes("{question}")
        .nullable()
        .default(null)
        .describe("Text with `{question}`, which is replaced; null = instructions that suit format, dialect and tools."),
      file: z.string().nullable().default(null).describe("A file with such a text; it wins over `template`."),
      chatTemplate: z.string().nullable().default(null).describe("A Jinja file to use instead of the model's chat template."),
      tools: z.boolean().default(true).describe("Tell the model of its tools. Calls are run either way."),
    })
    .prefault({})
    .describe("How a question becomes a prompt."),
  dialect: z
    .strictObject({
      name: z
        .enum(["xml", "hermes"])
        .default("xml")
        .describe(
          "xml: the paper's `<code>` and `<answer>`; hermes: `<tool_call>` with JSON, results in messages of the model's chat template.",
        ),
      resultOpen: z.string().default("<interpreter>").describe("Text before interpreter output in the dialect xml."),
      resultClose: z.string().default("</interpreter>").describe("Text behind interpreter output in the dialect xml."),
      maxParallelCalls: positive.default(1).describe("Calls of one turn that run at once in the dialect hermes; later ones are dropped."),
    })
    .prefault({})
    .describe("How the policy calls tools and how it sees their output."),
  sampler: z
    .strictObject({
      maxSequences: positive.default(256).describe("Sequences decoded at once."),
      kvCacheMiB: positive
        .default(512)
        .describe("Most memory for keys and values; fewer sequences are decoded at once where they would need more."),
      reuseCache: z
        .boolean()
        .default(true)
        .describe("Keep keys and values across tool calls; false computes the whole sequence again after each tool's output."),
    })
    .prefault({})
    .describe("Memory and width of sampling."),
  sandbox: SandboxConfig,
  agent: z
    .strictObject({
      file: z.string().nullable().default(null).describe("A module whose default export, or export `agent`, is the agent; null = none."),
      concurrency: positive.default(64).describe("Rollouts at once."),
      timeoutSeconds: z.number().positive().default(600).describe("Seconds that a rollout may take; one that takes longer has failed."),
      minScored: fraction.default(0.5).describe("Share of a step's rollouts that must be scored; with fewer the step is skipped."),
    })
    .prefault({})
    .describe(
      "An agent of one's own, in place of tools, dialect and reward: it speaks OpenAI's API with the policy and scores each rollout.",
    ),
  data: z
    .strictObject({
      train: ProblemSourceConfig.prefault({ kind: "generated" }).describe("Training problems."),
      mix: MixConfig,
      validation: z
        .union([z.literal("test"), ProblemSourceConfig])
        .nullable()
        .default(null)
        .describe(
          "Problems by which a run is looked at along the way (`train.evaluateEvery`, the best checkpoint); `test` = the test problems themselves. null = another draw of generated held-out problems, or, where training problems are a file, rows that are kept out of training.",
        ),
      test: ProblemSourceConfig.prefault({ kind: "generated" }).describe(
        "Test problems: looked at before and after reinforcement learning.",
      ),
      rollouts: z
        .array(z.string())
        .min(1)
        .nullable()
        .default(null)
        .describe(
          "Recorded rollouts that reinforcement learning uses in place of new ones: runs with `log.replay`, or files of theirs; null = none.",
        ),
    })
    .prefault({})
    .describe("Problems to train on, to choose by, and to test on."),
  optimizer: z
    .strictObject({
      beta1: fraction.default(0.9).describe("Decay of the mean of gradients."),
      beta2: fraction.default(0.95).describe("Decay of the mean of squared gradients."),
      epsilon: z.number().positive().default(1e-8).describe("Added to the root of the mean of squared gradients."),
      weightDecay: z.number().min(0).default(0.01).describe("Share of a weight that is taken off per step, times the learning rate."),
      maxGradNorm: z.number().positive().default(1).describe("Gradients with a larger norm are scaled down to it."),
      maxTokensPerMicroBatch: positive
        .default(8_192)
        .describe("Tokens in one forward and backward pass; more are split and their gradients added."),
      gradientCheckpointing: z
        .boolean()
        .default(false)
        .describe("Compute each layer a second time in the backward pass: less memory, about a third more time."),
    })
    .prefault({})
    .describe("AdamW, and the size of a micro-batch."),
  sft: SftConfig.describe("The cold start: supervised training, stage after stage."),
  train: TrainConfig.describe("Reinforcement learning: how much, with which algorithm, and what is kept."),
  budgets: z
    .strictObject({
      maxResponseTokens: positive.default(96).describe("Tokens of a response, tool output included."),
      maxTurns: positive.default(5).describe("Turns of the policy."),
      maxToolCalls: count.default(4).describe("Calls of tools."),
      maxToolOutputChars: positive.default(256).describe("Characters of a tool's output that the policy sees."),
      toolOutputCut: z
        .enum(["left", "middle", "right"])
        .default("middle")
        .describe("Where longer output is cut: left keeps its end, right its beginning, middle half of each."),
      maxDurationMs: positive
        .nullable()
        .default(null)
        .describe(
          "Milliseconds a rollout may take, an outer guard that ends it as maxTime; null = none. Runs with it are not repeatable to the bit.",
        ),
    })
    .prefault({})
    .describe("Most that one rollout may use."),
  rollouts: z
    .strictObject({
      queue: z
        .strictObject({
          url: z
            .url({ protocol: /^rediss?$/ })
            .describe("Address of Redis, such as redis://127.0.0.1:6379; its password is read from RETOOL_QUEUE_PASSWORD."),
          prefix: z.string().min(1).default("retool").describe("Begins the names of all that is kept there."),
          lostAfterSeconds: positive
            .default(30)
            .describe("Seconds after which a worker that says nothing is given up, and its rollouts are another's."),
        })
        .nullable()
        .default(null)
        .describe(
          "A queue from which `retool rollout-worker` takes rollouts, on as many hosts as one likes; null = rollouts are made here.",
        ),
    })
    .prefault({})
    .describe("Where rollouts are made: here, or by workers on other hosts that sample from the same engine."),
  reward: RewardConfig.prefault({}).describe("Reward of a rollout."),
  eval: z
    .strictObject({
      problems: positive.default(300).describe("Test problems; a smaller file is used whole."),
      draw: count.default(0).describe("Seed of generated test and validation problems: another number draws others."),
      validationProblems: positive.nullable().default(null).describe("Validation problems; null = as many as `problems`."),
      samples: batchCount.default(1).describe("Rollouts per problem; the accuracy is avg@samples."),
      sampling: samplingConfig({ temperature: 1, topP: 0.7, topK: 0 }).describe("How tokens are drawn in evaluations."),
    })
    .prefault({})
    .describe("Evaluation on held-out problems."),
  log: z
    .strictObject({
      tensorboard: z.boolean().default(true).describe("Write metrics and timings also as an events file for TensorBoard."),
      replay: z
        .boolean()
        .default(false)
        .describe("Keep tokens, log-probabilities and the problem's row with the rollouts, so that they can be learned from again."),
    })
    .prefault({})
    .describe("What is kept beside metrics.jsonl."),
});

/** Everything that decides a run. */
export const RecipeConfig = Sections.superRefine(({ engine, train, eval: evaluation }, { addIssue }) => {
  if (engine.kind !== "tinker") return;
  for (const [stage, { minP }] of [
    ["train", train.sampling],
    ["eval", evaluation.sampling],
  ] as const) {
    if (minP > 0)
      addIssue({ code: "custom", path: [stage, "sampling", "minP"], message: "0 with engine.kind=tinker, whose API has no min-p" });
  }
});
/** Parsed {@link RecipeConfig}: every field is present. */
export interface RecipeConfig extends z.infer<typeof RecipeConfig> {}

/** What a config file or preset may say. */
export type RecipeInput = z.input<typeof RecipeConfig>;
export type LearningRateConfig = z.infer<typeof LearningRate>;
