import type { SampleRequest } from "@retool-ts/tinker/wire";
import type { z } from "zod";
import type { Bodies } from "../bodies.js";
import { refused, unknown } from "../request-fault.js";
import { drawSamples } from "../sampling/draw-samples.js";
import { samplePlan } from "../sampling/sample-plan.js";
import { readCheckpointPath } from "../state/checkpoint-path.js";
import type { Plan, ServiceContext } from "./context.js";
import { baseNamed, checkpointAt } from "./lookup.js";
import { drawSeed } from "./training-plans.js";

/** Where samples come from, as far as it is known at once. */
interface Source {
  readonly session: string;
  readonly baseModel: string;
  /** Folder of an adapter, undefined for the base alone. */
  folder(): Promise<string | undefined>;
}

/** Samples from a sampling session, a checkpoint or a base. */
export function samplePlanOf(context: ServiceContext, body: z.output<(typeof Bodies)["sample"]>): Plan {
  if (body.target_prompt_logprobs != null) throw refused("target_prompt_logprobs", "none: this server does not offer it", "some");
  if (body.prompt_logprobs_last_n != null) throw refused("prompt_logprobs_last_n", "none: this server does not offer it", "some");
  const source = sourceOf(context, body);
  const base = baseNamed(context, source.baseModel);
  const seed = drawSeed();
  const plan = samplePlan(body as SampleRequest, base, seed, context.limits);
  const key = body.sampling_session_id == null || body.seq_id == null ? undefined : `${body.sampling_session_id}#${body.seq_id}`;
  return {
    session: source.session,
    key,
    seed: plan.seed,
    handle: (id) => ({ sample_sequence_ids: Array.from({ length: plan.samples }, (_, i) => `${id}:${i}`) }),
    async run(record, signal) {
      const folder = await source.folder();
      // Those that arrive together begin together: a pass over many rows costs little more than one over the first alone.
      if (context.sequences.active === 0) await context.gather();
      const turns = {
        client: source.session,
        sequences: context.sequences,
        compute: context.compute,
        maxSequences: context.limits.maxSequences,
      };
      const settled = { ...plan, seed: record.seed ?? plan.seed };
      const response = await context.weights.use(base, folder, (opened) => drawSamples(opened, settled, turns, signal));
      context.counts.sampledTokens += response.sequences.reduce((sum, { tokens }) => sum + tokens.length, 0);
      return { kind: "sample", body: response };
    },
  };
}

function sourceOf(context: ServiceContext, body: z.output<(typeof Bodies)["sample"]>): Source {
  const { sampling_session_id: id, model_path: path, base_model: base } = body;
  if (id != null) {
    const sampler = context.samplers.get(id);
    if (sampler === undefined) throw unknown("sampling session", id);
    context.sessions.touch(sampler.session);
    return { session: sampler.session, baseModel: sampler.baseModel, folder: async () => sampler.folder ?? undefined };
  }
  if (path != null) {
    const parsed = readCheckpointPath(path);
    if (parsed?.kind !== "sampler_weights") throw refused("model_path", "tinker://MODEL/sampler_weights/NAME", path.slice(0, 200));
    const session = context.models.get(parsed.model)?.session ?? "";
    const baseModel = context.models.get(parsed.model)?.base.name ?? base ?? context.bases[0]!.name;
    return {
      session,
      baseModel,
      async folder() {
        const checkpoint = await checkpointAt(context, path, "sampler_weights");
        if (checkpoint.baseModel !== baseModel) throw refused("base_model", checkpoint.baseModel, baseModel);
        return context.checkpoints.folder(checkpoint.path);
      },
    };
  }
  if (base == null) throw refused("asample", "sampling_session_id, model_path or base_model", "none of them");
  return { session: "", baseModel: base, folder: async () => undefined };
}
