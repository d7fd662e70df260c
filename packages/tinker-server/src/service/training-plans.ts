import { HttpFault } from "@retool-ts/http";
import type { ForwardBackwardRequest } from "@retool-ts/tinker/wire";
import type { z } from "zod";
import type { Bodies } from "../bodies.js";
import { readLoss, readWeightedOnly } from "../losses/read-loss.js";
import { trainingRows } from "../losses/training-rows.js";
import { refused } from "../request-fault.js";
import type { CheckpointFacts } from "../state/checkpoints.js";
import { formatCheckpointPath } from "../state/checkpoint-path.js";
import { failed } from "../state/outcome.js";
import { TrainingModel } from "../training/training-model.js";
import type { Plan, ServiceContext } from "./context.js";
import { baseNamed, checkpointAt, modelNamed } from "./lookup.js";

type Body<Name extends keyof typeof Bodies> = z.output<(typeof Bodies)[Name]>;

/** A model's request: it runs in the model's order. */
export function inOrder(
  context: ServiceContext,
  modelId: string,
  seq: number | null | undefined,
  run: (model: TrainingModel) => Plan["run"],
): Plan {
  const model = modelNamed(context, modelId);
  const key = seq == null ? undefined : `${modelId}#${seq}`;
  return { session: model.session, model, seq: seq ?? undefined, key, run: run(model) };
}

export function forwardBackwardPlan(context: ServiceContext, body: ForwardBackwardRequest): Plan {
  return inOrder(context, body.model_id, body.seq_id, (model) => {
    const { base } = model;
    const { loss_fn: name, loss_fn_config: config } = body.forward_backward_input;
    const loss = readLoss(name, config);
    const vocabSize = base.vocabSize ?? base.model.vocabSize;
    const purpose = { vocabSize, maxPositions: base.model.maxPositions, weightedOnly: readWeightedOnly(config) };
    const rows = trainingRows(body.forward_backward_input, loss, purpose);
    return async (_, signal) => {
      const outcome = await model.pass(rows, loss, { forwardOnly: body.forward_only === true, signal });
      if (body.forward_only !== true) context.counts.trainedTokens += rows.reduce((sum, { tokenIds }) => sum + tokenIds.length - 1, 0);
      return outcome;
    };
  });
}

export function optimStepPlan(context: ServiceContext, { model_id: id, seq_id: seq, adam_params: adam }: Body<"optimStep">): Plan {
  const { learning_rate: learningRate, beta1, beta2, eps: epsilon, weight_decay: weightDecay, grad_clip_norm: clip } = adam;
  const step = { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm: clip > 0 ? clip : Infinity };
  return inOrder(context, id, seq, (model) => (record) => model.step(step, record.order));
}

export function createModelPlan(context: ServiceContext, body: Body<"createModel">): Plan {
  const { bases, sessions, models, limits } = context;
  sessions.touch(body.session_id);
  const base = baseNamed({ ...context, bases }, body.base_model);
  const lora = body.lora_config;
  if (lora == null) throw refused("lora_config", "an adapter's rank: this server trains adapters, not whole models", "none");
  const { maxRank = 256 } = base;
  if (lora.rank > maxRank) throw refused("lora_config.rank", `at most ${maxRank}`, String(lora.rank));
  const [trainAttention, trainMlp] = [lora.train_attn ?? true, lora.train_mlp ?? true];
  if (!trainAttention && !trainMlp) throw refused("lora_config", "train_attn or train_mlp", "neither");
  const id = `${body.session_id}:train:${body.model_seq_id}`;
  if (models.size >= limits.maxModels && !models.has(id))
    throw full(`${limits.maxModels} models are in training, as many as this server holds`);
  const adapter = { rank: lora.rank, trainAttention, trainMlp };
  return {
    session: body.session_id,
    key: id,
    seed: lora.seed ?? drawSeed(),
    async run(record) {
      const model = await openModel(context, base.name, { ...adapter, id, session: body.session_id, seed: record.seed! }, record.order);
      const config = {
        rank: adapter.rank,
        alpha: model.alpha,
        seed: record.seed!,
        train_attn: trainAttention,
        train_mlp: trainMlp,
        train_unembed: false,
      };
      return { kind: "json", body: { type: "create_model", model_id: id, base_model: base.name, lora_config: config, status: "created" } };
    },
  };
}

interface NewModel {
  readonly id: string;
  readonly session: string;
  readonly rank: number;
  readonly seed: number;
  readonly trainAttention: boolean;
  readonly trainMlp: boolean;
}

/** Makes a model, unless a request that was done before made it. */
async function openModel(context: ServiceContext, baseModel: string, made: NewModel, order: number): Promise<TrainingModel> {
  const known = context.models.get(made.id);
  if (known !== undefined) return known;
  const record = { ...made, baseModel, next: 1, order, state: null };
  const { modelFiles: files, compute, limits } = context;
  const model = await TrainingModel.open({
    record,
    base: baseNamed(context, baseModel),
    files,
    compute,
    gapTimeoutMs: limits.gapTimeoutMs,
  });
  await files.save(record);
  context.models.set(made.id, model);
  return model;
}

/** Weights of a checkpoint into a model: one that is there, or one that the request makes. */
export function loadWeightsPlan(context: ServiceContext, body: Body<"loadWeights">): Plan {
  if (body.model_id != null) {
    return inOrder(context, body.model_id, body.seq_id, (model) => async ({ order }) => {
      await loadInto(context, model, body, order);
      return { kind: "json", body: { type: "load_weights", path: body.path, model_id: model.id } };
    });
  }
  const { session_id: session, model_seq_id: number } = body;
  if (session == null || number == null) throw refused("load_weights", "model_id, or session_id with model_seq_id", "neither");
  context.sessions.touch(session);
  const id = `${session}:train:${number}`;
  if (context.models.size >= context.limits.maxModels && !context.models.has(id))
    throw full("as many models are in training as this server holds");
  return {
    session,
    key: id,
    seed: drawSeed(),
    async run({ order, seed }) {
      const checkpoint = await checkpointAt(context, body.path, "weights");
      const { rank, trainAttention, trainMlp, baseModel } = checkpoint;
      const model = await openModel(
        context,
        body.base_model ?? baseModel,
        { id, session, rank, seed: seed!, trainAttention, trainMlp },
        order,
      );
      if (model.record.state === null) await loadInto(context, model, body, order);
      return { kind: "json", body: { type: "load_weights", path: body.path, model_id: id } };
    },
  };
}

async function loadInto(
  context: ServiceContext,
  model: TrainingModel,
  { path, optimizer }: Body<"loadWeights">,
  order: number,
): Promise<void> {
  const checkpoint = await checkpointAt(context, path, "weights");
  const { baseModel, rank, trainAttention, trainMlp } = model.record;
  const [own, other] = [
    { baseModel, rank, trainAttention, trainMlp },
    { baseModel: checkpoint.baseModel, rank: checkpoint.rank, trainAttention: checkpoint.trainAttention, trainMlp: checkpoint.trainMlp },
  ].map((facts) => JSON.stringify(facts));
  if (own !== other) throw refused("path", `a checkpoint of ${own}`, String(other));
  await model.load(context.checkpoints.folder(checkpoint.path), optimizer, order);
}

export function saveWeightsPlan(context: ServiceContext, body: Body<"saveWeights">): Plan {
  return inOrder(context, body.model_id, body.seq_id, (model) => async (record) => {
    const path = { model: model.id, kind: "weights", name: body.path } as const;
    const facts = factsOf(context, model, record.id, body.ttl_seconds);
    await context.checkpoints.save(path, facts, (folder) => model.saveState(folder), body.overwrite === true);
    return { kind: "json", body: { type: "save_weights", path: formatCheckpointPath(path) } };
  });
}

export function saveSamplerPlan(context: ServiceContext, body: Body<"saveSampler">): Plan {
  const number = body.sampling_session_seq_id;
  if ((body.path == null) === (number == null))
    throw refused("save_weights_for_sampler", "path or sampling_session_seq_id", "both or neither");
  return inOrder(context, body.model_id, body.seq_id, (model) => async (record) => {
    const facts = factsOf(context, model, record.id, body.ttl_seconds);
    const write = (folder: string) => model.saveSampler(folder);
    if (body.path != null) {
      const path = { model: model.id, kind: "sampler_weights", name: body.path } as const;
      await context.checkpoints.save(path, facts, write);
      return { kind: "json", body: { type: "save_weights_for_sampler", path: formatCheckpointPath(path), sampling_session_id: null } };
    }
    const id = `${model.session}:sample:${number}`;
    const path = { model: model.id, kind: "sampler_weights", name: String(number) } as const;
    await context.unnamed.save(path, facts, write);
    const known = context.samplers.get(id);
    const sampler = { id, session: model.session, baseModel: model.base.name, modelPath: null, folder: context.unnamed.folder(path) };
    if (known !== undefined && known.folder !== sampler.folder)
      return failed(`sampling session ${id} is there already, with other weights`);
    await context.samplerRecords.save(sampler);
    context.samplers.set(id, sampler);
    return { kind: "json", body: { type: "save_weights_for_sampler", path: null, sampling_session_id: id } };
  });
}

function factsOf({ now }: ServiceContext, model: TrainingModel, request: string, ttlSeconds: number | null | undefined): CheckpointFacts {
  const { baseModel, rank, trainAttention, trainMlp } = model.record;
  const expiresAt = ttlSeconds == null ? null : now() + 1000 * ttlSeconds;
  return { baseModel, rank, alpha: model.alpha, trainAttention, trainMlp, request, time: now(), expiresAt };
}

/** No room: a client may come again. */
export function full(message: string): HttpFault {
  return new HttpFault(429, message, { code: "rate_limit_exceeded", headers: { "retry-after": "1" } });
}

/** A seed for a request that brought none; it is kept with the request, so that doing it again gives the same. */
export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
