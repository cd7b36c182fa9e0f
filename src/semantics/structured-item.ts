/**
 * Items of Structured Fields (RFC 9651 §3.3, §4.2): a bare integer or boolean, as the fields of resumable uploads are.
 */
import { parseItem } from "./structured-dictionary.ts";

/**
 * Reads a field that is one Boolean: `?0` or `?1`, with or without parameters.
 * @returns `undefined` when it is absent or anything else: the whole field is to be ignored then.
 */
export function parseBooleanItem(value: string | undefined): boolean | undefined {
  const item = value === undefined ? undefined : parseItem(value);
  return item?.kind === "boolean" ? item.value : undefined;
}

/**
 * Reads a field that is one non-negative Integer, of 15 digits at most.
 * @returns `undefined` when it is absent or anything else.
 */
export function parseCountItem(value: string | undefined): number | undefined {
  const item = value === undefined ? undefined : parseItem(value);
  return item?.kind === "integer" && item.value >= 0 ? item.value : undefined;
}
