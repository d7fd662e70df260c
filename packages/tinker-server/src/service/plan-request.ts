import { HttpFault } from "@retool-ts/http";
import { decodeForwardBackwardRequest, PROTOBUF, WireError, type ForwardBackwardRequest } from "@retool-ts/tinker/wire";
import type { z } from "zod";
import { Bodies } from "../bodies.js";
import { refused } from "../request-fault.js";
import type { Plan, ServiceContext } from "./context.js";
import { samplePlanOf } from "./sample-plan-of.js";
import {
  createModelPlan,
  forwardBackwardPlan,
  inOrder,
  loadWeightsPlan,
  optimStepPlan,
  saveSamplerPlan,
  saveWeightsPlan,
} from "./training-plans.js";

/** Routes whose answer is a promise. */
export const FUTURE_ROUTES = [
  "create_model",
  "forward_backward",
  "forward",
  "optim_step",
  "asample",
  "save_weights",
  "save_weights_for_sampler",
  "load_weights",
  "unload_model",
] as const;
/** One of {@link FUTURE_ROUTES}. */
export type FutureRouteName = (typeof FUTURE_ROUTES)[number];

/** A request's body as it came. */
export interface RawBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** A body whose order is known even where the rest of it is refused. */
export interface ReadBody {
  /** JSON, or what protobuf says. */
  readonly value: unknown;
  readonly model: string | undefined;
  readonly seq: number | undefined;
  readonly addsGradients: boolean;
}

/** @throws HttpFault with 400 or 415 when the bytes are neither JSON nor the protobuf that this route takes. */
export function readBody(route: FutureRouteName, { bytes, contentType }: RawBody): ReadBody {
  const value = contentType.startsWith(PROTOBUF) ? readProtobuf(route, bytes) : parseJson(bytes, contentType);
  const { model_id: model, seq_id: seq, forward_only: forwardOnly } = (value ?? {}) as Record<string, unknown>;
  return {
    value,
    model: typeof model === "string" ? model : undefined,
    seq: typeof seq === "number" && Number.isInteger(seq) && seq >= 0 ? seq : undefined,
    addsGradients: route === "forward_backward" && forwardOnly !== true,
  };
}

/** Understands a request and checks it; nothing is done before `run`. */
export function planRequest(context: ServiceContext, route: FutureRouteName, value: unknown): Plan {
  switch (route) {
    case "create_model":
      return createModelPlan(context, checked("createModel", value));
    case "forward_backward":
      return forwardBackwardPlan(context, isTyped(value) ? value : (checked("forwardBackward", value) as ForwardBackwardRequest));
    case "forward": {
      const { forward_input: input, ...rest } = checked("forward", value);
      return forwardBackwardPlan(context, { ...rest, forward_only: true, forward_backward_input: input } as ForwardBackwardRequest);
    }
    case "optim_step":
      return optimStepPlan(context, checked("optimStep", value));
    case "asample":
      return samplePlanOf(context, checked("sample", value));
    case "save_weights":
      return saveWeightsPlan(context, checked("saveWeights", value));
    case "save_weights_for_sampler":
      return saveSamplerPlan(context, checked("saveSampler", value));
    case "load_weights":
      return loadWeightsPlan(context, checked("loadWeights", value));
    case "unload_model": {
      const { model_id: id } = checked("model", value);
      const plan = inOrder(context, id, undefined, () => async () => ({ kind: "json", body: { type: "unload_model", model_id: id } }));
      return { session: plan.session, key: `${id}#unload`, run: plan.run };
    }
  }
}

/** A body of a route that answers at once. @throws HttpFault with 400 when it is another. */
export function checked<Name extends keyof typeof Bodies>(name: Name, value: unknown): z.output<(typeof Bodies)[Name]> {
  const parsed = Bodies[name].safeParse(value);
  if (parsed.success) return parsed.data as z.output<(typeof Bodies)[Name]>;
  const { path, message } = parsed.error.issues[0]!;
  throw refused(path.join(".") || "body", "a body of this route", message);
}

const typed = new WeakSet<object>();

function isTyped(value: unknown): value is ForwardBackwardRequest {
  return typeof value === "object" && value !== null && typed.has(value);
}

function readProtobuf(route: FutureRouteName, bytes: Uint8Array): ForwardBackwardRequest {
  if (route !== "forward_backward") throw new HttpFault(415, `${route} takes application/json`, { code: "unsupported_media_type" });
  try {
    const decoded = decodeForwardBackwardRequest(bytes);
    const { seq_id: seq, ...rest } = decoded;
    // In protobuf a number that was left out reads as 0.
    const request = seq === 0 ? rest : decoded;
    typed.add(request);
    return request;
  } catch (error) {
    if (error instanceof WireError) throw refused("body", "a ForwardBackwardRequest in protobuf", error.message);
    throw error;
  }
}

/** JSON of a body. @throws HttpFault with 415 or 400. */
export function parseJson(bytes: Uint8Array, contentType: string): unknown {
  if (!/^application\/json\b/i.test(contentType)) {
    throw new HttpFault(415, "the body must be application/json, or of forward_backward application/x-protobuf", {
      code: "unsupported_media_type",
    });
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new HttpFault(400, `the body is not JSON: ${(error as Error).message.slice(0, 200)}`, { code: "invalid_json" });
  }
}
