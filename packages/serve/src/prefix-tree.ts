/** An edge of the tree and what lies behind it. Depths count tokens from the root. */
interface Node<T> {
  /** A key that goes through here: its tokens from `start` to `end` are the edge's. */
  key: readonly number[];
  start: number;
  end: number;
  /** By the first token of their edges. */
  readonly children: Map<number, Node<T>>;
  /** Values whose keys end here. */
  readonly values: Set<T>;
}

/** A value whose key begins as a query does. */
export interface PrefixMatch<T> {
  readonly value: T;
  /** Tokens that key and query begin with alike. */
  readonly shared: number;
  /** Whether the key ends there. */
  readonly isWhole: boolean;
}

/**
 * Values by token ids, as a radix tree (a trie whose chains are one edge each): the key that shares the longest beginning with a query is
 * found in the time of reading the query, however many keys there are. Equal keys may hold several values.
 */
export class PrefixTree<T> {
  readonly #root: Node<T> = leaf([], 0, 0);
  #size = 0;

  /** Values in it. */
  get size(): number {
    return this.#size;
  }

  add(key: readonly number[], value: T): void {
    let node = this.#root;
    for (;;) {
      const depth = alike(node, key);
      if (depth < node.end) split(node, depth);
      if (depth === key.length) break;
      const next = node.children.get(key[depth]!);
      if (next === undefined) {
        const added = leaf<T>(key, depth, key.length);
        node.children.set(key[depth]!, added);
        node = added;
        break;
      }
      node = next;
    }
    if (!node.values.has(value)) this.#size++;
    node.values.add(value);
  }

  /** Takes a value out that was added under this key; false when there is none. */
  delete(key: readonly number[], value: T): boolean {
    const path = [this.#root];
    for (let node = this.#root; node.end < key.length; path.push(node)) {
      const next = node.children.get(key[node.end]!);
      if (next === undefined || alike(next, key) < next.end) return false;
      node = next;
    }
    const node = path.at(-1)!;
    if (!node.values.delete(value)) return false;
    this.#size--;
    const parent = path.at(-2);
    if (parent !== undefined && node.values.size === 0 && node.children.size === 0) {
      parent.children.delete(key[node.start]!);
      if (path.length > 2) join(parent);
    } else if (parent !== undefined) join(node);
    return true;
  }

  /**
   * A value whose key shares most with a query, at least one token of it; where keys end there, the first of these.
   *
   * @param most - tokens of the query that count
   */
  longest(query: readonly number[], most = query.length): PrefixMatch<T> | undefined {
    let node = this.#root;
    let shared = 0;
    for (;;) {
      shared = alike(node, query, most);
      const next = shared < node.end || shared >= most ? undefined : node.children.get(query[shared]!);
      if (next === undefined) break;
      node = next;
    }
    if (shared === 0) return undefined;
    const isWhole = shared === node.end && node.values.size > 0;
    while (node.values.size === 0) node = first(node.children.values());
    return { value: first(node.values), shared, isWhole };
  }
}

/** The depth to which a key goes along with a node, whose parent it goes through. */
function alike<T>({ key, start, end }: Node<T>, other: readonly number[], most = other.length): number {
  const last = Math.min(end, most);
  let depth = start;
  while (depth < last && key[depth] === other[depth]) depth++;
  return depth;
}

/** Ends a node at a depth within its edge; what was behind it becomes its only child. */
function split<T>(node: Node<T>, depth: number): void {
  const rest: Node<T> = { key: node.key, start: depth, end: node.end, children: new Map(node.children), values: new Set(node.values) };
  node.end = depth;
  node.values.clear();
  node.children.clear();
  node.children.set(rest.key[depth]!, rest);
}

/** Makes one edge of a node without values and its only child. */
function join<T>(node: Node<T>): void {
  if (node.values.size > 0 || node.children.size !== 1) return;
  const child = first(node.children.values());
  node.key = child.key;
  node.end = child.end;
  node.children.clear();
  for (const [token, each] of child.children) node.children.set(token, each);
  for (const value of child.values) node.values.add(value);
}

function leaf<T>(key: readonly number[], start: number, end: number): Node<T> {
  return { key, start, end, children: new Map(), values: new Set() };
}

function first<V>(values: Iterable<V>): V {
  for (const value of values) return value;
  throw new RangeError("expected at least one");
}
