import { HttpFault } from "@retool-ts/http";
import { API_PREFIX } from "@retool-ts/tinker/wire";
import type { Hono } from "hono";
import type { z } from "zod";
import type { Bodies } from "../bodies.js";
import { LOSS_OPTIONS } from "../losses/read-loss.js";
import { TINKER_LOSSES } from "../losses/tinker-loss.js";
import { refused, unknown } from "../request-fault.js";
import { baseNamed, checkpointAt, modelNamed } from "../service/lookup.js";
import { checked, parseJson } from "../service/plan-request.js";
import type { SamplerRecord } from "../service/context.js";
import type { TinkerService } from "../service/tinker-service.js";
import { readCheckpointPath } from "../state/checkpoint-path.js";
import { readRawBody, type BodyLimits } from "./read-raw-body.js";

/** Adds the routes that answer at once. */
export function addDirectRoutes(app: Hono, service: TinkerService, limits: BodyLimits): void {
  const { context } = service;
  const post = <Name extends keyof typeof Bodies>(
    route: string,
    name: Name,
    answer: (body: z.output<(typeof Bodies)[Name]>) => unknown,
  ) => {
    app.post(`${API_PREFIX}/${route}`, async (c) => {
      const { bytes, contentType } = await readRawBody(c.req.raw, limits);
      return c.json((await answer(checked(name, parseJson(bytes, contentType)))) as object);
    });
  };

  app.get(`${API_PREFIX}/healthz`, (c) => c.json({ status: "ok" }));
  app.get(`${API_PREFIX}/get_server_capabilities`, (c) => {
    const models = context.bases.map(({ name, model: { maxPositions }, tokenizerId = name }) => ({
      model_name: name,
      max_context_length: maxPositions,
      tokenizer_id: tokenizerId,
      trainable: true,
      sampleable: true,
    }));
    return c.json({ supported_models: models, supported_loss_fns: TINKER_LOSSES, supported_loss_options: LOSS_OPTIONS });
  });
  post("client/config", "anything", () => ({ pjwt_auth_enabled: false }));
  post("client/dynamic_config", "anything", () => ({
    refresh_interval_sec: 300,
    sample_cancel_enabled: true,
    sample_cancel_max_batch_size: 64,
  }));
  post("telemetry", "anything", () => ({ status: "accepted" }));

  const idOf = async (tags: readonly string[]) => ({
    type: "create_session",
    session_id: await context.sessions.create(tags),
    info_message: null,
    warning_message: null,
    error_message: null,
  });
  const sessionsByKey = new Map<string, ReturnType<typeof idOf>>();
  app.post(`${API_PREFIX}/create_session`, async (c) => {
    const { bytes, contentType } = await readRawBody(c.req.raw, limits);
    const { tags } = checked("createSession", parseJson(bytes, contentType));
    // A retry of a request whose answer was lost gets the session that the first one made.
    const key = c.req.header("x-idempotency-key");
    if (key === undefined) return c.json(await idOf(tags ?? []));
    const made = sessionsByKey.get(key) ?? idOf(tags ?? []);
    sessionsByKey.set(key, made);
    if (sessionsByKey.size > 1000) sessionsByKey.delete(sessionsByKey.keys().next().value!);
    return c.json(await made);
  });
  post("session_heartbeat", "session", ({ session_id: id }) => {
    context.sessions.touch(id);
    return { type: "session_heartbeat" };
  });
  app.post(`${API_PREFIX}/sessions/:id/finish`, async (c) => {
    const id = c.req.param("id");
    context.sessions.touch(id);
    await service.endSession(id, `session ${id} was finished by its client`);
    return c.json({ type: "finish_session", session_id: id });
  });

  post("get_info", "model", ({ model_id: id }) => {
    const { base, record, alpha } = modelNamed(context, id);
    const { name, architecture, tokenizerId = name } = base;
    const { rank, seed, trainAttention, trainMlp } = record;
    const lora = { rank, alpha, seed, train_attn: trainAttention, train_mlp: trainMlp, train_unembed: false };
    const data = { arch: architecture ?? null, model_name: name, base_model: name, tokenizer_id: tokenizerId, lora_config: lora };
    return { type: "get_info", model_id: id, model_data: data, is_lora: true, lora_rank: rank, model_name: name, status: "created" };
  });
  post("weights_info", "weightsInfo", async ({ tinker_path: path }) => {
    const kind = readCheckpointPath(path)?.kind ?? "weights";
    const { baseModel, rank, alpha, trainAttention, trainMlp } = await checkpointAt(context, path, kind);
    const adapter = { lora_rank: rank, lora_alpha: alpha, train_attn: trainAttention, train_mlp: trainMlp, train_unembed: false };
    return { base_model: baseModel, is_lora: true, ...adapter };
  });

  post("create_sampling_session", "createSamplingSession", async (body) => {
    context.sessions.touch(body.session_id);
    const id = `${body.session_id}:sample:${body.sampling_session_seq_id}`;
    const sampler = await samplerOf(service, id, body);
    const known = context.samplers.get(id);
    if (known !== undefined && (known.baseModel !== sampler.baseModel || known.folder !== sampler.folder)) {
      throw new HttpFault(409, `sampling session ${id} is there already, with other weights`, { code: "conflict" });
    }
    await context.samplerRecords.save(sampler);
    context.samplers.set(id, sampler);
    return { type: "create_sampling_session", sampling_session_id: id };
  });
  app.get(`${API_PREFIX}/samplers/:id`, (c) => {
    const sampler = context.samplers.get(c.req.param("id"));
    if (sampler === undefined) throw unknown("sampler", c.req.param("id"));
    return c.json({ sampler_id: sampler.id, base_model: sampler.baseModel, model_path: sampler.modelPath });
  });
}

async function samplerOf(
  { context }: TinkerService,
  id: string,
  body: z.output<(typeof Bodies)["createSamplingSession"]>,
): Promise<SamplerRecord> {
  const { session_id: session, base_model: baseModel, model_path: modelPath } = body;
  if (modelPath != null) {
    const checkpoint = await checkpointAt(context, modelPath, "sampler_weights");
    return {
      id,
      session,
      baseModel: baseNamed(context, checkpoint.baseModel).name,
      modelPath,
      folder: context.checkpoints.folder(checkpoint.path),
    };
  }
  if (baseModel == null) throw refused("create_sampling_session", "base_model or model_path", "neither");
  return { id, session, baseModel: baseNamed(context, baseModel).name, modelPath: null, folder: null };
}
