import { DEFAULT_LIMITS } from "../src/limits.js";
import type { CompiledModule } from "../src/web-assembly.js";

/** What a pool hands its workers, for those of tests, which run no engine. */
export const workerSetup = {
  guestSource: "",
  prelude: "",
  libraries: [],
  limits: DEFAULT_LIMITS,
  wasmModule: {} as CompiledModule,
  heapEndAt: undefined,
  base: undefined,
};
