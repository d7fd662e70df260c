import { cp } from "node:fs/promises";
import { join } from "node:path";
import { loadModel } from "@retool-ts/policy/node";
import { localBase, openTinkerServer, type TinkerServer } from "@retool-ts/tinker-server";
import { loadConfig } from "../config/load-config.js";
import { readModelTokenizer } from "../setup/model-files.js";
import { setUpModel } from "../setup/model-setup.js";
import { saveModelFolder } from "../setup/save-model.js";

/** A base model on a Tinker server of this process. */
export interface ServedBase {
  readonly server: TinkerServer;
  /** Folder of tokenizer and config: the weights are the server's. */
  readonly bare: string;
  close(): Promise<void>;
}

/** Serves the smoke preset's random model. */
export async function serveSmokeBase(folder: string): Promise<ServedBase> {
  const [base, bare] = [join(folder, "base"), join(folder, "bare")];
  const model = await setUpModel(await loadConfig({ preset: "smoke", set: ["backend=wasm"] }));
  await saveModelFolder(base, model);
  model.dispose();
  await cp(base, bare, { recursive: true, filter: (path) => !path.endsWith(".safetensors") });
  const parameters = await loadModel(base);
  const { tokenizer, eosTokenIds } = await readModelTokenizer(base);
  const textStream = () => tokenizer.streamDecoder();
  const served = localBase(parameters, { name: "smoke", vocabSize: tokenizer.vocabSize, eosTokenIds, textStream });
  const server = await openTinkerServer({ bases: [served], folder: join(folder, "state"), port: 0 });
  return {
    server,
    bare,
    async close() {
      await server.close(200);
      parameters.dispose();
    },
  };
}
