/** Facts about a graphics card that a browser tells; some tell them in other places. */
export interface AdapterFacts {
  readonly isFallbackAdapter?: boolean;
  readonly info?: {
    readonly isFallbackAdapter?: boolean;
    readonly vendor?: string;
    readonly architecture?: string;
    readonly device?: string;
    readonly description?: string;
  };
}

/** Names of programs that compute in place of a graphics card. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software|\bwarp\b/i;

/**
 * Why WebGPU is not to be tried, as the end of a sentence; undefined where it is.
 *
 * @param adapter - undefined where the browser has no WebGPU, null where it has no adapter
 * @param allowsSoftware - even one that is computed by the processor, for tests
 */
export function adapterRefusal(adapter: AdapterFacts | null | undefined, allowsSoftware: boolean): string | undefined {
  if (adapter === undefined) return "this browser has no WebGPU";
  if (adapter === null) return "WebGPU finds no graphics card here";
  const { isFallbackAdapter, info = {} } = adapter;
  const name = [info.vendor, info.architecture, info.device, info.description].filter((part) => part).join(" ");
  const isSoftware = isFallbackAdapter === true || info.isFallbackAdapter === true || SOFTWARE.test(name);
  return isSoftware && !allowsSoftware
    ? `WebGPU is there, but without a graphics card: the processor computes it (${name || "no name"})`
    : undefined;
}
