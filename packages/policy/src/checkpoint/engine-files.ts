import type { EngineFiles } from "../engine-parts.js";
import { loadAdapter, saveAdapter } from "../lora/adapter-checkpoint.js";
import { loadModel, saveModel } from "./checkpoint.js";
import { loadCritic, saveCritic } from "./critic-checkpoint.js";
import { loadOptimizer, saveOptimizer } from "./optimizer-checkpoint.js";

/** Folders on a disk: weights as Hugging Face folders, adapters in PEFT's format, to the bit. */
export const engineFiles: EngineFiles = {
  saveWeights: (folder, parameters) => (parameters.lora === undefined ? saveModel(folder, parameters) : saveAdapter(folder, parameters)),
  async loadWeights(folder, policy) {
    if (policy.lora === undefined) return loadModel(folder);
    const branch = policy.shareBase();
    await loadAdapter(folder, branch);
    return branch;
  },
  saveOptimizer,
  loadOptimizer,
  saveCritic,
  loadCritic,
};
