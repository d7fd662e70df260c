/**
 * Training runs in the browser while they go on.
 *
 * @packageDocumentation
 */
export { type SettingDifference, settingDifferences } from "./part-config.js";
export type { Progress, RunState } from "./progress.js";
export { type ParseConfig, WatchedRun } from "./watched-run.js";
export { watchRuns, type WatchOptions, type WatchServer } from "./watch-runs.js";
