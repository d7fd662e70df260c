/**
 * The Tinker API over engines of this process: Python's `tinker` SDK, its cookbook and any other client train and sample our models.
 *
 * @packageDocumentation
 */
export { localBase, type LocalBaseOptions } from "./local-base.js";
export { TINKER_LOSSES, type TinkerLossName } from "./losses/tinker-loss.js";
export {
  type AdamConstants,
  type AdapterRequest,
  type SamplingWeights,
  type ServedBase,
  type TopTokens,
  type TrainableEngine,
  type TrainedModel,
} from "./served-base.js";
export { openTinkerServer, type TinkerServer, type TinkerServerOptions, type TinkerStatus } from "./tinker-server.js";
