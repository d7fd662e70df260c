import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ADAMW, TINY, tinyRows, weightedLoss } from "../../test/tiny.js";
import { AdamW } from "../adamw.js";
import { bits, randomModel, useCheckpointFolder } from "../../test/checkpoint-folder.js";
import { loadModel, saveModel } from "./checkpoint.js";
import { LocalEngine } from "../local-engine.js";
import { loadOptimizer, saveOptimizer } from "./optimizer-checkpoint.js";
import { serializeSafetensors } from "../../test/safetensors-bytes.js";

const folder = useCheckpointFolder();

describe("saveOptimizer and loadOptimizer", () => {
  async function trained(steps: number) {
    const parameters = randomModel(TINY);
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100 });
    for (let step = 0; step < steps; step++) {
      await engine.forwardBackward(tinyRows([9, 12]), weightedLoss);
      await engine.optimStep({ learningRate: 0.01 });
    }
    return { parameters, engine };
  }

  test("a run that is saved and continued equals one that never stopped, to the bit", async () => {
    const whole = await trained(4);
    const expected = bits(whole.parameters);
    const first = await trained(2);
    await saveModel(folder(), first.parameters);
    await saveOptimizer(folder(), first.engine.optimizer);
    const parameters = await loadModel(folder());
    const engine = new LocalEngine(parameters, { optimizer: ADAMW, maxTokensPerMicroBatch: 100 });
    await loadOptimizer(folder(), engine.optimizer);
    expect(engine.optimizer.updates).toBe(2);
    for (let step = 0; step < 2; step++) {
      await engine.forwardBackward(tinyRows([9, 12]), weightedLoss);
      await engine.optimStep({ learningRate: 0.01 });
    }
    const actual = bits(parameters);
    for (const { engine: one } of [whole, first, { engine }]) one.dispose();
    for (const one of [whole.parameters, first.parameters, parameters]) one.dispose();
    expect(actual).toEqual(expected);
  });

  test("moments of another model are refused and leave the optimizer as it was", async () => {
    const { parameters, engine } = await trained(1);
    await saveOptimizer(folder(), engine.optimizer);
    const other = randomModel({ ...TINY, intermediateSize: 24 });
    const optimizer = new AdamW(other, ADAMW);
    await expect(loadOptimizer(folder(), optimizer)).rejects.toThrow(
      /tensor mean\.layers\.0\.gateUp: expected shape \[24, 48\], found shape \[24, 40\]/,
    );
    const untouched = [...optimizer.state().values()].every((moment) => moment.dataSync().every((value) => value === 0));
    expect(optimizer.updates).toBe(0);
    optimizer.dispose();
    other.dispose();
    engine.dispose();
    parameters.dispose();
    expect(untouched).toBe(true);
    await writeFile(join(folder(), "optimizer.safetensors"), serializeSafetensors(new Map()));
    await expect(loadOptimizer(folder(), optimizer)).rejects.toThrow(/__metadata__\.updates/);
  });
});
