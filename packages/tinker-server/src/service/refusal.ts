import type { HttpFault } from "@retool-ts/http";
import type { TrainingModel } from "../training/training-model.js";
import type { FutureRouteName, RawBody } from "./plan-request.js";

/** A request that was refused and has a place in a model's order. */
export interface Refusal {
  readonly route: FutureRouteName;
  readonly seq: number | undefined;
  readonly body: RawBody;
  readonly error: HttpFault;
  /** True when the next step would have had its gradients. */
  readonly addsGradients: boolean;
}

/** Gives a refused request its place: nothing runs there, but a step behind a pass that it should have had is spoiled. */
export function pushRefused(model: TrainingModel, { seq, error, addsGradients }: Refusal): void {
  const run = async () => {
    if (addsGradients) model.spoil(error.message);
  };
  model.order.push({ seq, run, drop: () => {} });
}
