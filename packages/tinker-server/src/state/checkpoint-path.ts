import { refused } from "../request-fault.js";

/** A checkpoint's place among those of a model. */
export interface CheckpointPath {
  readonly model: string;
  /** Weights and optimizer, or weights to sample from. */
  readonly kind: "weights" | "sampler_weights";
  readonly name: string;
}

/** Names that are folders on any machine. */
export const CHECKPOINT_NAME = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/;

/** Ids of models; what else asks for one finds none. */
export const MODEL_ID = /^[A-Za-z0-9_:-]+$/;

/** `tinker://MODEL/weights/NAME`. */
export function formatCheckpointPath({ model, kind, name }: CheckpointPath): string {
  return `tinker://${model}/${kind}/${name}`;
}

/** @throws HttpFault with 400 when the text is no path of this kind. */
export function parseCheckpointPath(text: string, kind: CheckpointPath["kind"]): CheckpointPath {
  const path = readCheckpointPath(text);
  if (path?.kind === kind) return path;
  const use =
    kind === "weights"
      ? "tinker://MODEL/weights/NAME, which save_weights gave"
      : "tinker://MODEL/sampler_weights/NAME, which save_weights_for_sampler gave";
  throw refused("path", use, text.slice(0, 200));
}

/** Undefined for other text. */
export function readCheckpointPath(text: string): CheckpointPath | undefined {
  const [, model, kind, name] = /^tinker:\/\/([A-Za-z0-9_:-]+)\/(weights|sampler_weights)\/([^/]+)$/.exec(text) ?? [];
  if (name === undefined || !CHECKPOINT_NAME.test(name)) return undefined;
  return { model: model!, kind: kind as CheckpointPath["kind"], name };
}
