/**
 * Whether a connection carries another message (RFC 9112 §9.3), and the options of Connection (RFC 9110 §7.6.1).
 */
import type { HttpVersion } from "./message.ts";

/**
 * Whether the sender of a message keeps the connection open after it: `close` wins, HTTP/1.1 persists, HTTP/1.0 only with
 * `keep-alive`.
 *
 * @param connection value of the Connection field, lines joined by commas.
 */
export function allowsPersistence(version: HttpVersion, connection: string | undefined): boolean {
  if (connection === undefined) return version === "1.1";
  if (hasOption(connection, "close")) return false;
  return version === "1.1" || hasOption(connection, "keep-alive");
}

/** Whether the list has the option `lowerCaseName`; empty elements are nothing (CVE-2012-5533). */
function hasOption(connection: string, lowerCaseName: string): boolean {
  const list = connection.toLowerCase();
  if (list === lowerCaseName) return true;
  return list.includes(lowerCaseName) && list.split(",").some((option) => option.trim() === lowerCaseName);
}
