/**
 * Models and datasets from the hubs of Hugging Face and ModelScope, in a cache that Python's `huggingface_hub` shares.
 *
 * @packageDocumentation
 */
export { downloadFromHub, type DownloadOptions, type HubSnapshot } from "./download.js";
export { hubSettings, type HubSettings } from "./environment.js";
export { type DownloadProgress } from "./fetch-file.js";
export { type HubName, type RepoType } from "./hub.js";
export { parseHubReference, type HubReference } from "./hub-reference.js";
