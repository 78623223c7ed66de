/**
 * Works on several items at a time, and gives the results in the order of the items.
 *
 * @module
 */

/** Options of {@linkcode OrderedWork}. */
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

/** Gives each worker one item after the other. Disposing waits until the workers have let go of theirs. */
export class OrderedWork<Item, Worker, Result> implements AsyncDisposable {
  readonly #options: OrderedWorkOptions<Item, Worker, Result>;
  readonly #items: readonly Item[];
  readonly #queues = new Map<number, Queue<Result>>();
  readonly #running: Promise<void>[];
  #next = 0;
  #current = 0;
  #isEnded = false;
  #change = Promise.withResolvers<void>();

  /** Begins with the first items, one for each worker. */
  constructor(
    items: readonly Item[],
    workers: readonly Worker[],
    options: OrderedWorkOptions<Item, Worker, Result>,
  ) {
    this.#options = options;
    this.#items = items;
    this.#running = workers.map((worker) => this.#run(worker));
  }

  /** Gives the results in the order of the items. Throws what the work on an item threw, in its turn. */
  async *results(): AsyncGenerator<Result> {
    for (; this.#current < this.#items.length; this.#current++) {
      while (true) {
        const queue = this.#queueOf(this.#current);
        const results = queue.results.splice(0);
        queue.weight = 0;
        this.#changed();
        yield* results;
        if (queue.results.length > 0) continue;
        if (queue.error !== undefined) throw queue.error;
        if (queue.isDone) break;
        await this.#change.promise;
      }
      this.#queues.delete(this.#current);
    }
  }

  /** Ends the work. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    this.#changed();
    await Promise.all(this.#running);
  }

  async #run(worker: Worker): Promise<void> {
    while (!this.#isEnded && this.#next < this.#items.length) {
      const index = this.#next++;
      const queue = this.#queueOf(index);
      try {
        for await (const result of this.#options.perform(this.#items[index]!, worker)) {
          queue.results.push(result);
          queue.weight += this.#options.weightOf(result);
          this.#changed();
          while (queue.weight >= this.#options.maxAhead && !this.#isEnded) await this.#change.promise;
          if (this.#isEnded) break;
        }
      } catch (error) {
        queue.error = error;
      }
      queue.isDone = true;
      this.#changed();
    }
  }

  #queueOf(index: number): Queue<Result> {
    const queue = this.#queues.get(index) ?? { results: [], weight: 0, isDone: false };
    this.#queues.set(index, queue);
    return queue;
  }

  #changed(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers();
    resolve();
  }
}
