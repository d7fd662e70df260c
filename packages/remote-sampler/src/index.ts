/**
 * Sampling on vLLM, SGLang or llama.cpp over HTTP, while the policy learns in this process or wherever its engine computes.
 *
 * @packageDocumentation
 */
export { LlamaServer, type LlamaOptions } from "./llama-server.js";
export { SampledElsewhere, type SampledElsewhereOptions } from "./sampled-elsewhere.js";
export { SamplerFault } from "./sampler-fault.js";
export { type LoadedWeights, type SamplingServer, type TokenRequest, type TokenAnswer } from "./sampling-server.js";
export { servedSampler, type ServerLink } from "./served-sampler.js";
export { SglangServer } from "./sglang-server.js";
export { VllmServer, type VllmOptions } from "./vllm-server.js";
export { type ServerOptions } from "./server-requests.js";
