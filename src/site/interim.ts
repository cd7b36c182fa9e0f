/**
 * Which clients may be told more than once: interim answers (RFC 9110 §15.2) are for every client of HTTP/1.1 to pass over, but
 * some take one that they don't know for the final one, as Python's http.client does.
 */
import type { RequestHead } from "../wire/message.ts";

/** Fields of clients that are newer than that, and of the requests whose answers may take long to be made. */
const TELLING_FIELDS: readonly string[] = [
  "upload-draft-interop-version",
  "want-repr-digest",
  "want-content-digest",
];

/** Whether the client of `request` surely passes over interim answers that it doesn't know. */
export function knowsInterimAnswers({ version, fields }: RequestHead): boolean {
  return version === "1.1" && TELLING_FIELDS.some((name) => fields.has(name));
}
