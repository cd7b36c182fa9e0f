/**
 * Values that are made when they are asked for first, so that a program that never needs them starts without.
 */

/** A function that gives what `make` returned the first time it was called. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The same for each key: what `make` returned when it was asked for first, as long as anybody has the key. */
export function oncePer<Key extends WeakKey, T extends object>(make: (key: Key) => T): (key: Key) => T {
  const made = new WeakMap<Key, T>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) {
      value = make(key);
      made.set(key, value);
    }
    return value;
  };
}
