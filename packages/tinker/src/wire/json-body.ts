/** JSON of a body: typed arrays become arrays. Numbers that are not finite become null, as JSON has none. */
export function jsonBody(body: unknown): string {
  return JSON.stringify(body, (_, value: unknown) => (ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value));
}
