import type { RunFolder } from "@retool-ts/runs";
import type { RecipeConfig } from "../config/recipe-config.js";
import { setUpModel } from "./model-setup.js";
import { openNamedReference } from "./named-reference.js";
import type { OpenModelContext, RunModel } from "./run-model.js";
import { sampleElsewhere } from "./remote-sampler.js";
import { saveRunModel } from "./save-model.js";
import { openTinkerModel } from "./tinker-model.js";

/**
 * Opens the model of a config on the engine that it names.
 *
 * @param path - a checkpoint or model that goes before `model.from`.
 */
export async function openModel(config: RecipeConfig, path: string | null, context: OpenModelContext): Promise<RunModel> {
  if (config.engine.kind === "tinker") return openTinkerModel({ ...config, engine: config.engine }, path, context);
  const model = await setUpModel(config, path);
  const local = {
    ...model,
    saveCheckpoint: (folder: string, run: RunFolder) => saveRunModel(folder, model, run),
    openReference: () => openNamedReference(config, model),
    close: async () => model.dispose(),
  };
  if (config.engine.sampler === null) return local;
  try {
    const { engine, close } = await sampleElsewhere(model, config.engine.sampler, (text) => context.reporter.say(text));
    return {
      ...local,
      engine,
      backendReason: `${model.backendReason}; samples by ${config.engine.sampler.kind} at ${config.engine.sampler.baseUrl}`,
      async close() {
        await close();
        model.dispose();
      },
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
