import { InputError } from "@retool-ts/core";
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

/** A state folder holds an adapter over a base that is not served now. */
export function notServed(folder: string, name: string): InputError {
  const fix = `serve ${name} as well, or choose another folder for the state`;
  return new InputError({ what: "state", where: folder, expected: "one whose models are served", found: `an adapter over ${name}`, fix });
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
