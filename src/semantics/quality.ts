/**
 * Quality values (RFC 9110 §12.4.2).
 */
import type { Parameter } from "./parameters.ts";

const QVALUE = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Reads a qvalue (RFC 9110 §12.4.2): 0 to 1 with at most three decimals.
 * @returns `undefined` when it is malformed.
 */
export function parseQuality(text: string): number | undefined {
  return QVALUE.test(text) ? Number(text) : undefined;
}

/**
 * The weight among `parameters`: that of the first `q`, or 1 without one.
 * @returns `undefined` when there is one but it is malformed.
 */
export function qualityOf(parameters: readonly Parameter[]): number | undefined {
  const weight = parameters.find((parameter) => parameter.name === "q");
  if (weight === undefined) return 1;
  return weight.isQuoted ? undefined : parseQuality(weight.value);
}
