/**
 * Watches a port for calls that fail, whatever implements it.
 *
 * @module
 */

/**
 * Makes an object that does the same as another one, and reports the errors of its methods.
 *
 * @param target The object. Its methods return promises or async iterables.
 * @param onError Called with each error that a call rejects with; must not throw.
 * @returns The object that reports.
 */
export function reportErrors<T extends object>(target: T, onError: (error: unknown) => void): T {
  const methods = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get(_, name) {
      // The methods use private fields, which a proxy does not have.
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (!methods.has(name)) {
        methods.set(name, (...args: unknown[]) => watch(value.apply(target, args), onError));
      }
      return methods.get(name);
    },
  });
}

function watch(result: unknown, onError: (error: unknown) => void): unknown {
  if (result instanceof Promise) {
    result.catch(onError);
    return result;
  }
  return isIterable(result) ? watchIterable(result, onError) : result;
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

async function* watchIterable(
  iterable: AsyncIterable<unknown>,
  onError: (error: unknown) => void,
): AsyncGenerator<unknown> {
  try {
    yield* iterable;
  } catch (error) {
    onError(error);
    throw error;
  }
}
