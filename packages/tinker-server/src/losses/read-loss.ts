import { type LossConfig, WEIGHTED_ONLY } from "@retool-ts/tinker/wire";
import { refused } from "../request-fault.js";
import { TINKER_LOSSES, type TinkerLoss, type TinkerLossName } from "./tinker-loss.js";

/** Settings of each loss, with Tinker's defaults; null: there is none, and a client must name it. */
const SETTINGS: Readonly<Record<TinkerLossName, Readonly<Record<string, number | null>>>> = {
  cross_entropy: {},
  importance_sampling: {},
  ppo: { clip_low_threshold: 0.8, clip_high_threshold: 1.2 },
  cispo: { clip_low_threshold: 0.8, clip_high_threshold: 1.2 },
  dro: { beta: null },
};

/** Settings that all losses take. */
export const LOSS_OPTIONS: readonly string[] = [WEIGHTED_ONLY];

/**
 * False when a client wants the log-probabilities of all targets.
 *
 * @throws HttpFault with 400 when the setting is neither 0 nor 1.
 */
export function readWeightedOnly(config: LossConfig | null | undefined): boolean {
  const value = config?.[WEIGHTED_ONLY] ?? 0;
  if (value === 0 || value === 1) return value === 1;
  throw refused(`loss_fn_config.${WEIGHTED_ONLY}`, "0 or 1", String(value).slice(0, 100));
}

/** @throws HttpFault with 400 when the loss or a setting is not known. */
export function readLoss(name: string, config: LossConfig | null | undefined): TinkerLoss {
  const known = TINKER_LOSSES.find((loss) => loss === name);
  if (known === undefined) throw refused("loss_fn", `one of ${TINKER_LOSSES.join(", ")}`, name.slice(0, 100) || "none");
  const settings = SETTINGS[known];
  for (const key of Object.keys(config ?? {})) {
    if (key in settings || LOSS_OPTIONS.includes(key)) continue;
    throw refused(`loss_fn_config of ${known}`, Object.keys(settings).join(", ") || "no settings", key.slice(0, 100));
  }
  const number = (key: string): number => {
    const value = config?.[key] ?? settings[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw refused(`loss_fn_config.${key}`, "a number", value === null || value === undefined ? "none" : String(value).slice(0, 100));
  };
  switch (known) {
    case "cross_entropy":
    case "importance_sampling":
      return { name: known };
    case "ppo":
    case "cispo": {
      const [low, high] = [number("clip_low_threshold"), number("clip_high_threshold")];
      if (!(low >= 0 && low <= high)) {
        throw refused("loss_fn_config.clip_low_threshold", `at least 0 and at most clip_high_threshold, ${high}`, String(low));
      }
      return { name: known, low, high };
    }
    case "dro": {
      const beta = number("beta");
      if (beta < 0) throw refused("loss_fn_config.beta", "at least 0", String(beta));
      return { name: known, beta };
    }
  }
}
