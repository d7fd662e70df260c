import { CODE_INTERPRETER } from "@retool-ts/rollout";
import { z } from "zod";
import { batchCount, count, fraction, type LearningRate, positive, Sampling, SftConfig, TrainConfig } from "@retool-ts/train";
import { RewardConfig } from "./reward-config.js";

const Source = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("generated"),
    /** Family names; null = all. */
    families: z.array(z.string()).min(1).nullable().default(null),
    /** How often levels 1, 2 and 3 are drawn. */
    levelWeights: z.tuple([z.number().min(0), z.number().min(0), z.number().min(0)]).default([2, 1, 1]),
    /** Wordings of the questions: those of training, the same words in another order, or with words that training never has. */
    wordings: z.enum(["training", "reordered", "newWords"]).default("training"),
  }),
  z.strictObject({
    kind: z.literal("file"),
    /** JSONL, JSON or Parquet; on a hub `hub:owner/name[/path][@revision]`. */
    path: z.string(),
    /** Columns of the parts of a problem; those left out, or all with null, are found by name. */
    columns: z
      .strictObject({
        question: z.union([z.string(), z.array(z.string())]).exactOptional(),
        answer: z.string().exactOptional(),
        family: z.string().exactOptional(),
        level: z.string().exactOptional(),
      })
      .nullable()
      .default(null),
    /** First problems only; null = all. Of training problems, exact repeats do not count. */
    limit: positive.nullable().default(null),
  }),
  /** Problems of a plugin. */
  z.strictObject({
    kind: z.literal("plugin"),
    name: z.string(),
    /** Handed to the plugin as they are. */
    options: z.record(z.string(), z.unknown()).default({}),
  }),
]);

/** Everything that decides a run. */
export const RecipeConfig = z.strictObject({
  seed: count.default(1),
  /** Modules with tools, rewards, problems, losses and advantages of one's own, which other keys then name. */
  plugins: z.array(z.string()).default([]),
  /** Tools that the policy may call: the code interpreter, and tools of plugins. */
  tools: z.array(z.string()).default([CODE_INTERPRETER]),
  /** Functions of plugins in place of `train.advantage` and `train.loss`; null = none. */
  functions: z
    .strictObject({
      advantage: z.string().nullable().default(null),
      loss: z.string().nullable().default(null),
    })
    .prefault({}),
  /** Where tensors live; auto takes wasm below half a million parameters, else the first that loads. A resumed run stays where it began. */
  backend: z.enum(["auto", "tfjs-node-gpu", "tfjs-node", "wasm", "cpu"]).default("auto"),
  model: z
    .strictObject({
      /** A Hugging Face folder, checkpoint, .gguf file or `hub:owner/name[@revision]` to start from; null = random weights of the shape below. */
      from: z.string().nullable().default(null),
      hiddenSize: positive.default(64),
      intermediateSize: positive.default(168),
      layers: positive.default(3),
      heads: positive.default(8),
      kvHeads: positive.default(8),
      maxPositions: positive.default(2_048),
      ropeTheta: z.number().positive().default(100),
      /** The output head shares the embedding matrix. */
      tiedEmbeddings: z.boolean().default(false),
      /** RMS norm of query and key heads, as in Qwen3. */
      queryKeyNorm: z.boolean().default(true),
      /** Standard deviations of the random embedding matrix and, when it has one of its own, output head. */
      embeddingStd: z.number().positive().default(0.4),
      headStd: z.number().positive().default(0.1),
      /** Train a low-rank adapter on frozen weights; null = train all weights. A checkpoint with an adapter goes on with its own. */
      lora: z
        .strictObject({
          rank: positive.default(16),
          /** The product of both matrices is scaled with alpha/rank. */
          alpha: z.number().positive().default(32),
          /** Share of inputs that are zeroed in training. */
          dropout: z.number().min(0).lt(1).default(0),
          modules: z
            .array(z.enum(["q", "k", "v", "o", "gate", "up", "down"]))
            .min(1)
            .default(["q", "k", "v", "o", "gate", "up", "down"]),
          /** Scale with alpha/√rank. */
          rankStabilized: z.boolean().default(false),
        })
        .nullable()
        .default(null),
    })
    .prefault({}),
  tokenizer: z
    .strictObject({
      /** Largest vocabulary of the BPE trained on generated texts. */
      vocabSize: positive.min(300).default(600),
      /** Texts it is trained on. */
      texts: positive.default(3_000),
    })
    .prefault({}),
  prompt: z
    .strictObject({
      /** chat: a user's message in the model's chat template; plain: text alone; auto: chat where the model has a template. */
      format: z.enum(["auto", "plain", "chat"]).default("auto"),
      /** The system message of a chat; null = what the template does without one. */
      system: z.string().nullable().default(null),
      /** Text with `{question}`, which is replaced; null = instructions that suit format, dialect and tools. */
      template: z.string().includes("{question}").nullable().default(null),
      /** A file with such a text; it wins over `template`. */
      file: z.string().nullable().default(null),
      /** A Jinja file to use instead of the model's chat template. */
      chatTemplate: z.string().nullable().default(null),
      /** Tell the model of its tools. Calls are run either way. */
      tools: z.boolean().default(true),
    })
    .prefault({}),
  dialect: z
    .strictObject({
      /** xml: the paper's `<code>` and `<answer>`; hermes: `<tool_call>` with JSON, results in messages of the model's chat template. */
      name: z.enum(["xml", "hermes"]).default("xml"),
      /** Text around interpreter output in the dialect xml. */
      resultOpen: z.string().default("<interpreter>"),
      resultClose: z.string().default("</interpreter>"),
      /** Calls of one turn that run at once in the dialect hermes; later ones are dropped. */
      maxParallelCalls: positive.default(1),
    })
    .prefault({}),
  sampler: z
    .strictObject({
      /** Sequences decoded at once. */
      maxSequences: positive.default(256),
      /** Most memory for keys and values; fewer sequences are decoded at once where they would need more. */
      kvCacheMiB: positive.default(512),
      /** Keep keys and values across tool calls; false computes the whole sequence again after each tool's output. */
      reuseCache: z.boolean().default(true),
    })
    .prefault({}),
  sandbox: z
    .strictObject({
      /** What the interpreter runs. Python needs a backend; `retool doctor` shows which are there. */
      language: z.enum(["javascript", "python"]).default("javascript"),
      /** Of Python: Pyodide (an optional package), CPython under bubblewrap, or the first of them that is there. */
      pythonBackend: z.enum(["auto", "pyodide", "bwrap"]).default("auto"),
      /** A Python, of a virtual environment for example, whose packages (numpy, sympy, …) code may import; it runs under bubblewrap. */
      pythonInterpreter: z.string().min(1).nullable().default(null),
      /** Address of a SandboxFusion server that runs the code instead; RETOOL_SANDBOX_TOKEN in the environment is its bearer token. */
      url: z
        .url({ protocol: /^https?$/ })
        .nullable()
        .default(null),
      workers: positive.max(64).default(1),
      /** Counted work after which code is stopped, in interrupt ticks of about 10,000 operations. */
      fuel: positive.default(2_000),
      /** Milliseconds after which the clock ends a call, which is then not scored: ten times what the fuel can take, 40 ms per tick. */
      wallMs: positive.default(80_000),
      memoryMiB: positive.min(18).max(1_024).default(64),
      outputChars: positive.default(8_192),
      /** Whether a rollout keeps its variables from call to call; else each call has a fresh world. */
      stateful: z.boolean().default(false),
      /** The sandbox's own functions (gcd, isPrime, range, …); false leaves the language alone. */
      helpers: z.boolean().default(true),
      /** Libraries in every world: fraction.js as Fraction, decimal.js as Decimal, nerdamer-prime (an optional package) as nerdamer. */
      preload: z.array(z.enum(["fraction", "decimal", "nerdamer"])).default([]),
      /** Run equal code once per step, and share its result. */
      shareResults: z.boolean().default(true),
    })
    .prefault({}),
  /** An agent of one's own, in place of tools, dialect and reward: it speaks OpenAI's API with the policy and scores each rollout. */
  agent: z
    .strictObject({
      /** A module whose default export, or export `agent`, is the agent; null = none. */
      file: z.string().nullable().default(null),
      /** Rollouts at once. */
      concurrency: positive.default(64),
      /** Seconds that a rollout may take; one that takes longer has failed. */
      timeoutSeconds: z.number().positive().default(600),
      /** Share of a step's rollouts that must be scored; with fewer the step is skipped. */
      minScored: fraction.default(0.5),
    })
    .prefault({}),
  data: z.strictObject({ train: Source.prefault({ kind: "generated" }), test: Source.prefault({ kind: "generated" }) }).prefault({}),
  optimizer: z
    .strictObject({
      beta1: fraction.default(0.9),
      beta2: fraction.default(0.95),
      epsilon: z.number().positive().default(1e-8),
      weightDecay: z.number().min(0).default(0.01),
      maxGradNorm: z.number().positive().default(1),
      /** Tokens in one forward and backward pass; more are split and their gradients added. */
      maxTokensPerMicroBatch: positive.default(8_192),
      /** Compute each layer a second time in the backward pass: less memory, about a third more time. */
      gradientCheckpointing: z.boolean().default(false),
    })
    .prefault({}),
  sft: SftConfig,
  train: TrainConfig,
  budgets: z
    .strictObject({
      maxResponseTokens: positive.default(96),
      maxTurns: positive.default(5),
      maxToolCalls: count.default(4),
      maxToolOutputChars: positive.default(256),
      /** Where longer output is cut: left keeps its end, right its beginning, middle half of each. */
      toolOutputCut: z.enum(["left", "middle", "right"]).default("middle"),
      /** Milliseconds a rollout may take, an outer guard that ends it as maxTime; null = none. Runs with it are not repeatable to the bit. */
      maxDurationMs: positive.nullable().default(null),
    })
    .prefault({}),
  reward: RewardConfig.prefault({}),
  eval: z
    .strictObject({
      /** Held-out problems; a smaller file is used whole. */
      problems: positive.default(300),
      /** Rollouts per problem; the accuracy is avg@samples. */
      samples: batchCount.default(1),
      sampling: z.strictObject(Sampling).prefault({ temperature: 1, topP: 0.7, topK: 0 }),
    })
    .prefault({}),
  log: z
    .strictObject({
      /** Write metrics and timings also as an events file for TensorBoard. */
      tensorboard: z.boolean().default(true),
    })
    .prefault({}),
});
/** Parsed {@link RecipeConfig}: every field is present. */
export interface RecipeConfig extends z.infer<typeof RecipeConfig> {}

/** What a config file or preset may say. */
export type RecipeInput = z.input<typeof RecipeConfig>;
export type ProblemSourceConfig = RecipeConfig["data"]["train"];
export type LearningRateConfig = z.infer<typeof LearningRate>;
