/** A path in a folder; forward slashes work on every system. */
export function join(folder: string, name: string): string {
  return `${folder}/${name}`;
}
