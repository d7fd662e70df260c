/** Refuses memory beyond a maximum, which makes the engine's allocator fail. */
export function limitGrowth(maximumBytes: () => number): void {
  interface GrowableMemory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: GrowableMemory } } }).WebAssembly;
  const grow = Memory.prototype.grow;
  Memory.prototype.grow = function (this: GrowableMemory, pages: number): number {
    if (this.buffer.byteLength + pages * 65_536 > maximumBytes()) throw new RangeError("the memory is at its maximum");
    return grow.call(this, pages);
  };
}
