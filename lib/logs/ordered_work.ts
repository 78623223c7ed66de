/**
 * Works on several items at a time, and gives the results in the order of the items.
 *
 * @module
 */

/** Options of {@linkcode orderedWork}. */
export interface OrderedWorkOptions<Item, Worker, Result> {
  /** Works on an item. */
  perform(item: Item, worker: Worker): AsyncGenerator<Result>;
  /** How much a result weighs. */
  weightOf(result: Result): number;
  /** Weight of the results of an item that may wait until those of earlier items are taken. */
  readonly maxAhead: number;
}

/** Results of one item. */
interface Queue<Result> {
  readonly results: Result[];
  weight: number;
  isDone: boolean;
  error?: unknown;
}

/**
 * Gives each worker one item after the other. Ends, also if it is left early, once the workers have let go of theirs.
 *
 * @returns The results in the order of the items, each with its item.
 * @throws {unknown} The error that the work on an item threw, in its turn.
 */
export async function* orderedWork<Item, Worker, Result>(
  items: readonly Item[],
  workers: readonly Worker[],
  { perform, weightOf, maxAhead }: OrderedWorkOptions<Item, Worker, Result>,
): AsyncGenerator<{ readonly item: Item; readonly result: Result }> {
  const queues = new Map<number, Queue<Result>>();
  const queueOf = (index: number) => {
    const queue = queues.get(index) ?? { results: [], weight: 0, isDone: false };
    queues.set(index, queue);
    return queue;
  };
  let change = Promise.withResolvers<void>();
  const changed = () => {
    change.resolve();
    change = Promise.withResolvers();
  };
  let next = 0;
  let isEnded = false;
  const running = workers.map(async (worker) => {
    while (!isEnded && next < items.length) {
      const index = next++;
      const queue = queueOf(index);
      try {
        for await (const result of perform(items[index]!, worker)) {
          queue.results.push(result);
          queue.weight += weightOf(result);
          changed();
          while (queue.weight >= maxAhead && !isEnded) await change.promise;
          if (isEnded) break;
        }
      } catch (error) {
        queue.error = error;
      }
      queue.isDone = true;
      changed();
    }
  });
  try {
    for (const [index, item] of items.entries()) {
      const queue = queueOf(index);
      while (true) {
        const results = queue.results.splice(0);
        queue.weight = 0;
        changed();
        for (const result of results) yield { item, result };
        if (queue.results.length > 0) continue;
        if (queue.error !== undefined) throw queue.error;
        if (queue.isDone) break;
        await change.promise;
      }
      queues.delete(index);
    }
  } finally {
    isEnded = true;
    changed();
    await Promise.all(running);
  }
}
