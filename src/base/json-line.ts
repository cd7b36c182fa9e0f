/**
 * JSON for logs and terminals.
 */

/**
 * Formats `value` as one line of JSON that is all printable ASCII.
 *
 * SECURITY: JSON.stringify leaves DEL, the C1 controls and bidirectional overrides as they are; a terminal obeys them.
 */
export function formatJsonLine(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
