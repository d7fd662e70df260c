import { join } from "node:path";
import { InputError } from "@retool-ts/core";
import { z } from "zod";
import type { AdamW } from "../adamw.js";
import { SafetensorsFile, writeSafetensors } from "./safetensors-file.js";

/** Writes an optimizer's moments and update count to `optimizer.safetensors`. */
export async function saveOptimizer(folder: string, optimizer: AdamW): Promise<void> {
  const tensors = [...optimizer.state()].map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    values: async () => (await tensor.data()) as Float32Array,
  }));
  await writeSafetensors(join(folder, "optimizer.safetensors"), tensors, { updates: String(optimizer.updates) });
}

/**
 * Puts back what {@link saveOptimizer} wrote, to the bit.
 *
 * @throws InputError when the file is missing, malformed or of another model; the optimizer is then unchanged.
 */
export async function loadOptimizer(folder: string, optimizer: AdamW): Promise<void> {
  const path = join(folder, "optimizer.safetensors");
  const file = await SafetensorsFile.open(path);
  try {
    const updates = z.string().regex(/^\d+$/).safeParse(file.header.metadata["updates"]);
    if (!updates.success) {
      const problem = { what: "checkpoint", where: `${path}: __metadata__.updates`, expected: "a count of updates" };
      throw new InputError({ ...problem, found: updates.error.issues[0]!.message, fix: "use an optimizer state that saveOptimizer wrote" });
    }
    const values = new Map<string, Float32Array>();
    for (const [name, { shape }] of optimizer.state()) values.set(name, await file.read(name, shape));
    optimizer.restore(values, Number(updates.data));
  } finally {
    await file.close();
  }
}
