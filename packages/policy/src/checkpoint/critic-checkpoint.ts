import { join } from "node:path";
import { loadModel, saveModel } from "./checkpoint.js";
import { Critic, type CriticOptions } from "../critic.js";
import { isAdapterFolder, loadAdapter, saveAdapter } from "../lora/adapter-checkpoint.js";
import { loadOptimizer, saveOptimizer } from "./optimizer-checkpoint.js";
import type { Parameters } from "../parameters.js";
import { SafetensorsFile, writeSafetensors } from "./safetensors-file.js";

/** The head's names in a `…ForTokenClassification` checkpoint of `transformers`. */
const WEIGHTS = "score.weight";
const BIAS = "score.bias";
const FILE = "value-head.safetensors";

/** Writes trunk, head and optimizer of a critic; the trunk is a Hugging Face folder, or an adapter in PEFT's format. */
export async function saveCritic(folder: string, critic: Critic): Promise<void> {
  await (critic.trunk.lora === undefined ? saveModel(folder, critic.trunk) : saveAdapter(folder, critic.trunk));
  const values = (name: string) => async () => (await critic.get(name).data()) as Float32Array;
  await writeSafetensors(
    join(folder, FILE),
    [
      { name: WEIGHTS, shape: [1, critic.trunk.config.hiddenSize], values: values("valueHead.weights") },
      { name: BIAS, shape: [1], values: values("valueHead.bias") },
    ],
    {},
  );
  await saveOptimizer(folder, critic.optimizer);
}

/**
 * Reads what {@link saveCritic} wrote, to the bit.
 *
 * @param base - the policy whose base an adapter of the critic stands on; borrowed
 * @returns a critic that the caller disposes of
 * @throws InputError when a file is missing, malformed or of another model.
 */
export async function loadCritic(folder: string, options: Omit<CriticOptions, "head">, base?: Parameters): Promise<Critic> {
  const trunk = await loadTrunk(folder, base);
  const file = await SafetensorsFile.open(join(folder, FILE)).catch((error: unknown) => {
    trunk.dispose();
    throw error;
  });
  let critic: Critic | undefined;
  try {
    const weights = await file.read(WEIGHTS, [1, trunk.config.hiddenSize]);
    const [bias] = await file.read(BIAS, [1]);
    critic = new Critic(trunk, { ...options, head: { weights, bias: bias! } });
    await loadOptimizer(folder, critic.optimizer);
    return critic;
  } catch (error) {
    if (critic === undefined) trunk.dispose();
    else critic.dispose();
    throw error;
  } finally {
    await file.close();
  }
}

async function loadTrunk(folder: string, base: Parameters | undefined): Promise<Parameters> {
  if (base === undefined || !(await isAdapterFolder(folder))) return loadModel(folder);
  const trunk = base.shareBase({ tiedEmbeddings: true });
  await loadAdapter(folder, trunk);
  return trunk;
}
