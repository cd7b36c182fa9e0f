/**
 * JSON that comes from a file or a peer.
 */

/** Whether `value`, out of `JSON.parse`, is an object and neither a list nor null: its members may be anything. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
