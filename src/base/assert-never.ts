/** Ends a `switch` over a union: compiles only while every alternative is handled, and throws if one slips through. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected alternative: ${JSON.stringify(value)}`);
}
