/** Rank of the adapter on a server where `model.lora` does not say. */
export const DEFAULT_RANK = 16;
