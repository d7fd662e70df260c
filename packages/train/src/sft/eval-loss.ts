import { countTargets, type LocalEngine, type TrainingRow } from "@retool-ts/policy";

/** Mean negative log-probability of the tokens that rows would teach, in nats; no gradient is taken. */
export async function evalLoss(engine: Pick<LocalEngine, "logProbs">, rows: readonly TrainingRow[]): Promise<number> {
  const logProbs = await engine.logProbs(rows);
  const sum = logProbs.reduce((total, row) => row.reduce((inner, value) => inner + value, total), 0);
  return -sum / countTargets(rows);
}
