import fc from "fast-check";
import { expect, test } from "vitest";
import { DataLoader, type DataLoaderOptions } from "./data-loader.js";

const ITEMS = Array.from({ length: 10 }, (_, i) => i);

function take<T>(loader: DataLoader<T>, count: number) {
  return Array.from({ length: count }, () => loader.next());
}

test("an epoch gives each item once, in an order of its own", () => {
  const loader = new DataLoader(ITEMS, { batchSize: 3, seed: 1, dropLast: false });
  const epochs = [[...loader.epoch()], [...loader.epoch()]].map((batches) => batches.flatMap((batch) => batch.items));
  for (const items of epochs) expect([...items].sort((a, b) => a - b)).toEqual(ITEMS);
  expect(epochs[0]).not.toEqual(epochs[1]);
  expect(epochs[0]).not.toEqual(ITEMS);
});

test("equal seeds give equal batches, other seeds others", () => {
  const batches = (seed: number) => take(new DataLoader(ITEMS, { batchSize: 4, seed }), 6);
  expect(batches(5)).toEqual(batches(5));
  expect(batches(5)).not.toEqual(batches(6));
});

test("a part of a batch is left out, or kept, at the end of an epoch", () => {
  const lengths = (dropLast: boolean) =>
    [...new DataLoader(ITEMS, { batchSize: 4, seed: 0, dropLast }).epoch()].map((batch) => batch.items.length);
  expect(lengths(true)).toEqual([4, 4]);
  expect(lengths(false)).toEqual([4, 4, 2]);
  expect(new DataLoader(ITEMS, { batchSize: 4, seed: 0, dropLast: false }).batchesPerEpoch).toBe(3);
  expect(take(new DataLoader(ITEMS, { batchSize: 5, seed: 0, shuffle: false }), 3).map((batch) => [batch.epoch, batch.items[0]])).toEqual([
    [0, 0],
    [0, 5],
    [1, 0],
  ]);
});

test("resumes at every position as if it had never stopped", () => {
  const settings = fc.record({
    size: fc.integer({ min: 1, max: 12 }),
    batchSize: fc.integer({ min: 1, max: 5 }),
    dropLast: fc.boolean(),
    shuffle: fc.boolean(),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(settings, ({ size, ...rest }) => {
      const options: DataLoaderOptions = { ...rest, batchSize: Math.min(rest.batchSize, size) };
      const items = ITEMS.concat([10, 11]).slice(0, size);
      const whole = new DataLoader(items, options);
      const expected = take(whole, 3 * whole.batchesPerEpoch + 2);
      const first = new DataLoader(items, options);
      for (let done = 0; done < expected.length; done++) {
        const resumed = new DataLoader(items, options);
        resumed.restore(JSON.parse(JSON.stringify(first.state())) as ReturnType<typeof first.state>);
        expect(take(resumed, expected.length - done)).toEqual(expected.slice(done));
        first.next();
      }
    }),
    { numRuns: 60 },
  );
});

test("the end of an epoch is the start of the next", () => {
  const loader = new DataLoader(ITEMS, { batchSize: 4, seed: 0 });
  take(loader, 2);
  expect(loader.state()).toEqual({ epoch: 1, offset: 0, size: 10 });
  const resumed = new DataLoader(ITEMS, { batchSize: 4, seed: 0 });
  resumed.restore(loader.state());
  expect([...resumed.epoch()]).toHaveLength(2);
});

test("states and sizes that do not fit are refused", () => {
  const loader = new DataLoader(ITEMS, { batchSize: 4, seed: 0 });
  expect(() => loader.restore({ epoch: 0, offset: 0, size: 9 })).toThrow(
    "data loader: state.size: expected 10, the number of items, found 9. To mend it: resume with the dataset the run began with.",
  );
  expect(() => loader.restore({ epoch: 0, offset: 8, size: 10 })).toThrow(
    "data loader: state: expected a place in an epoch of 8 items, found epoch 0, offset 8. To mend it: resume from a state that a loader gave.",
  );
  expect(() => new DataLoader(ITEMS, { batchSize: 0, seed: 0 })).toThrow("data loader: batchSize: expected a positive integer, found 0.");
  expect(() => new DataLoader(ITEMS, { batchSize: 11, seed: 0 })).toThrow(
    "data loader: items: expected at least 11, found 10. To mend it: set batchSize to 10 or less, or dropLast to false.",
  );
  expect(() => new DataLoader([], { batchSize: 1, seed: 0, dropLast: false })).toThrow("data loader: items: expected at least 1, found 0.");
});
