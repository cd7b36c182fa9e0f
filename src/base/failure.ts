/**
 * What can be learned from a caught value, whatever was thrown.
 */

/** The system's error code of `error` (`ENOENT`, `ECONNREFUSED`, …), or `undefined` if it carries none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** The message of `error` as one line, for a person; never a stack. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? "";
}
