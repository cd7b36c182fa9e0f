/**
 * The Keep-Alive field (RFC 2068 §19.7.1.1, as servers use it): how long an idle connection stays open.
 */
import { splitList } from "./field-list.ts";

/** Longest time that is believed, in milliseconds: what a timer can count. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * Reads the time that a server keeps an idle connection open from `timeout=5, max=100`.
 * @returns milliseconds, at most 2^31 - 1; `undefined` when the field is absent or tells none.
 */
export function parseKeepAliveTimeout(value: string | undefined): number | undefined {
  for (const element of splitList(value ?? "")) {
    const seconds = /^timeout=([0-9]+)$/i.exec(element)?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds) * 1000, MAX_TIMEOUT_MS);
  }
  return undefined;
}

/**
 * Announces that an idle connection is closed after `timeoutMs`: `timeout=N`, in whole seconds, never more than
 * is kept.
 */
export function formatKeepAlive(timeoutMs: number): string {
  return `timeout=${Math.max(0, Math.floor(timeoutMs / 1000))}`;
}
