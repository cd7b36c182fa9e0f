/**
 * Values that are made when they are asked for first, so that a program that never needs them starts without.
 */

/** A function that gives what `make` returned the first time it was called. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
