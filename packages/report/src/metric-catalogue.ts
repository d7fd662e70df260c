import type { ChartSpec } from "./chart-spec.js";
import { ROLLOUT_CHARTS } from "./rollout-charts.js";
import { UPDATE_CHARTS } from "./update-charts.js";

/**
 * The metrics of runs, in the order in which the report shows them. The guide's page of metrics is checked against this table; metrics
 * of a run that are not in it are drawn under their own names.
 */
export const CHARTS: readonly ChartSpec[] = [...ROLLOUT_CHARTS, ...UPDATE_CHARTS];
