import type { EngineWish } from "./engine/choose-engine.js";

/** What a visitor can change. */
export interface Settings {
  /** Answers to each problem, which are compared with each other. */
  readonly groupSize: number;
  /** Highest learning rate. */
  readonly learningRate: number;
  /** Steps of one press of Train. */
  readonly steps: number;
  /** Keep the interpreter's output out of the loss. */
  readonly masksOutput: boolean;
  /** Run the code that the model writes. */
  readonly hasTool: boolean;
  /** What computes; "auto" takes the faster one. Only the address has it. */
  readonly engine: EngineWish;
}

/** Values that each slider stops at. */
export const STOPS = {
  groupSize: [2, 4, 8, 16],
  learningRate: [5e-5, 1e-4, 2e-4, 4e-4, 6e-4, 1e-3, 2e-3, 4e-3],
  steps: [10, 20, 30, 40, 50, 100],
} as const;

/** Those of the quickstart. */
export const DEFAULT_SETTINGS: Settings = { groupSize: 8, learningRate: 6e-4, steps: 50, masksOutput: true, hasTool: true, engine: "auto" };

/** Names in an address. */
const KEYS = { groupSize: "group", learningRate: "rate", steps: "steps", masksOutput: "mask", hasTool: "tool", engine: "engine" } as const;

const ENGINES: readonly EngineWish[] = ["auto", "wasm", "webgpu"];

/** Settings as the part of an address behind `#`; those that are the default are left out. */
export function settingsToHash(settings: Settings): string {
  const query = new URLSearchParams();
  for (const [name, key] of Object.entries(KEYS) as [keyof Settings, string][]) {
    const value = settings[name];
    if (value !== DEFAULT_SETTINGS[name]) query.set(key, typeof value === "boolean" ? (value ? "on" : "off") : String(value));
  }
  return query.size === 0 ? "" : `#${query.toString()}`;
}

/** Settings of an address, which may come from anybody: each number becomes the nearest that its slider has, the rest is the default. */
export function settingsFromHash(hash: string): Settings {
  const query = new URLSearchParams(hash.replace(/^#/, ""));
  const number = (name: keyof typeof STOPS): number => {
    const text = query.get(KEYS[name]);
    const value = Number(text);
    return text === null || text.trim() === "" || !Number.isFinite(value) ? DEFAULT_SETTINGS[name] : nearest(STOPS[name], value);
  };
  const flag = (name: "masksOutput" | "hasTool"): boolean => {
    const text = query.get(KEYS[name]);
    return text === "on" || (text !== "off" && DEFAULT_SETTINGS[name]);
  };
  return {
    groupSize: number("groupSize"),
    learningRate: number("learningRate"),
    steps: number("steps"),
    masksOutput: flag("masksOutput"),
    hasTool: flag("hasTool"),
    engine: ENGINES.find((engine) => engine === query.get(KEYS.engine)) ?? DEFAULT_SETTINGS.engine,
  };
}

function nearest(stops: readonly number[], value: number): number {
  return stops.reduce((best, stop) => (Math.abs(stop - value) < Math.abs(best - value) ? stop : best));
}
