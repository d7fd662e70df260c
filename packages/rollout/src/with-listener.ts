import type { Sampler } from "@retool-ts/engine";

/** Told of what sequences get, as it comes: to show an answer while it is made. */
export interface SamplerListener {
  /** A token of the policy. */
  onToken(tokenId: number): void;
  /** Tokens put behind what it wrote, such as a tool's output. */
  onExtend(tokenIds: readonly number[]): void;
}

/** A sampler that tells a listener of each token. What is sampled is the same. */
export function withListener(sampler: Sampler, { onToken, onExtend }: SamplerListener): Sampler {
  return {
    maxLength: sampler.maxLength,
    get available() {
      return sampler.available;
    },
    open: (tokenIds) => sampler.open(tokenIds),
    prefill: (sequences) => sampler.prefill(sequences),
    fork: (sequence) => sampler.fork(sequence),
    ...(sampler.forkAt && { forkAt: (sequence, length) => sampler.forkAt!(sequence, length) }),
    extend(sequence, tokenIds) {
      onExtend(tokenIds);
      sampler.extend(sequence, tokenIds);
    },
    decode: (sequence, request) =>
      sampler.decode(sequence, {
        ...request,
        onToken(tokenId, logProb) {
          onToken(tokenId);
          request.onToken?.(tokenId, logProb);
        },
      }),
    close: (sequence) => sampler.close(sequence),
  };
}
