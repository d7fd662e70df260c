import { loadAdapter, loadModel, saveAdapter, saveModel, type Parameters } from "@retool-ts/policy";

/** A policy as it is now, in memory of its own: a copy of all weights, or of the adapter alone on a base that is shared. */
export function branchPolicy(policy: Parameters): Promise<Parameters> {
  return policy.lora === undefined ? policy.copy() : policy.branchAdapter();
}

/** Writes what {@link branchPolicy} would copy: a Hugging Face folder, or an adapter in PEFT's format. */
export function saveBranch(folder: string, policy: Parameters): Promise<void> {
  return policy.lora === undefined ? saveModel(folder, policy) : saveAdapter(folder, policy);
}

/**
 * Reads what {@link saveBranch} wrote, to the bit.
 *
 * @param policy - whose base is shared where the folder has an adapter
 */
export async function loadBranch(folder: string, policy: Parameters): Promise<Parameters> {
  if (policy.lora === undefined) return loadModel(folder);
  const branch = policy.shareBase();
  await loadAdapter(folder, branch);
  return branch;
}
