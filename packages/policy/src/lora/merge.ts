import type { Parameters } from "../parameters.js";
import { loraPlace, loraScale } from "./lora-options.js";

/**
 * Values of one of a model's own weights with its adapter added: W + scale·A·B in the columns of each module. Sums are made in double
 * precision.
 *
 * @param name - a name of `parameters.specs`
 */
export async function mergedValues(parameters: Parameters, name: string): Promise<Float32Array> {
  const variable = parameters.get(name);
  const values = (await variable.data()) as Float32Array;
  const { lora, config } = parameters;
  const [, layer, part] = /^layers\.(\d+)\.(\w+)$/.exec(name) ?? [];
  if (lora === undefined || layer === undefined) return values;
  const merged = values.slice();
  const width = variable.shape.at(-1)!;
  for (const module of lora.modules) {
    const { parameter, column, inputs, outputs } = loraPlace(config, module);
    if (parameter !== part) continue;
    const [a, b] = await Promise.all(["loraA", "loraB"].map((matrix) => parameters.get(`layers.${layer}.${module}.${matrix}`).data()));
    addProduct(merged, width, column, { a: a!, b: b!, inputs, outputs, rank: lora.rank, scale: loraScale(lora) });
  }
  return merged;
}

interface Product {
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
  readonly inputs: number;
  readonly outputs: number;
  readonly rank: number;
  readonly scale: number;
}

function addProduct(values: Float32Array, width: number, column: number, { a, b, inputs, outputs, rank, scale }: Product): void {
  const line = new Float64Array(outputs);
  for (let input = 0; input < inputs; input++) {
    line.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * a[input * rank + r]!;
      for (let output = 0; output < outputs; output++) line[output]! += factor * b[r * outputs + output]!;
    }
    const start = input * width + column;
    for (let output = 0; output < outputs; output++) values[start + output]! += line[output]!;
  }
}
