import type { ChartSpec } from "./chart-spec.js";

/** Times and memory of steps, which differ between equal runs and so are in no report. */
export const TIMING_CHARTS: readonly ChartSpec[] = [
  {
    title: "Time of a step",
    axis: "seconds",
    unit: "number",
    series: { "time/step": "whole step", "time/rollout": "rollouts", "time/update": "update" },
    explanation: "Wall time of a step, and what of it went into sampling with tools and into the update of the weights.",
  },
  {
    title: "Tokens per second",
    axis: "tokens per second",
    unit: "number",
    series: { "rollout/tokens_per_second": "while rolling out" },
    explanation:
      "Tokens after the prompt, interpreter output included, of all rollouts of a step, by the time that sampling and tool calls took.",
  },
  {
    title: "Memory",
    axis: "MiB",
    unit: "number",
    series: { "memory/rss_mib": "process" },
    explanation: "Memory that the process holds at the end of a step, with that of its threads.",
  },
];
