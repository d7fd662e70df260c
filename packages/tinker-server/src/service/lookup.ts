import { unknown, refused } from "../request-fault.js";
import type { ServedBase } from "../served-base.js";
import { formatCheckpointPath, parseCheckpointPath, type CheckpointPath } from "../state/checkpoint-path.js";
import type { KeptCheckpoint } from "../state/checkpoints.js";
import type { TrainingModel } from "../training/training-model.js";
import type { ServiceContext } from "./context.js";

/** @throws HttpFault with 400 when no base of this name is served. */
export function baseNamed({ bases }: ServiceContext, name: string): ServedBase {
  const base = bases.find((one) => one.name === name);
  if (base !== undefined) return base;
  throw refused("base_model", `one of ${bases.map((one) => one.name).join(", ")}`, name.slice(0, 200));
}

/** @throws HttpFault with 404 when there is no such model. Its session is alive as long as it is used. */
export function modelNamed({ models, sessions }: ServiceContext, id: string): TrainingModel {
  const model = models.get(id);
  if (model === undefined) throw unknown("model", id);
  sessions.touch(model.session);
  return model;
}

/** @throws HttpFault with 404 when there is no such checkpoint, with 400 when the path is none. */
export async function checkpointAt({ checkpoints }: ServiceContext, text: string, kind: CheckpointPath["kind"]): Promise<KeptCheckpoint> {
  const path = parseCheckpointPath(text, kind);
  const found = await checkpoints.read(path);
  if (found === undefined) throw unknown("checkpoint", formatCheckpointPath(path));
  return found;
}
