/**
 * The status-lines that are written (RFC 9112 §4): every answer is HTTP/1.1, whatever the request was (RFC 9110 §2.5).
 */

const PHRASES: readonly (readonly [status: number, phrase: string])[] = [
  [100, "Continue"],
  [102, "Processing"],
  [103, "Early Hints"],
  [104, "Upload Resumption Supported"],
  [200, "OK"],
  [201, "Created"],
  [202, "Accepted"],
  [203, "Non-Authoritative Information"],
  [204, "No Content"],
  [205, "Reset Content"],
  [206, "Partial Content"],
  [300, "Multiple Choices"],
  [301, "Moved Permanently"],
  [302, "Found"],
  [303, "See Other"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [406, "Not Acceptable"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [410, "Gone"],
  [411, "Length Required"],
  [412, "Precondition Failed"],
  [413, "Content Too Large"],
  [414, "URI Too Long"],
  [415, "Unsupported Media Type"],
  [416, "Range Not Satisfiable"],
  [417, "Expectation Failed"],
  [421, "Misdirected Request"],
  [422, "Unprocessable Content"],
  [423, "Locked"],
  [426, "Upgrade Required"],
  [428, "Precondition Required"],
  [429, "Too Many Requests"],
  [431, "Request Header Fields Too Large"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
  [505, "HTTP Version Not Supported"],
  [507, "Insufficient Storage"],
  [508, "Loop Detected"],
];

const STATUS_LINES = new Map(PHRASES.map(([status, phrase]) => [status, `HTTP/1.1 ${status} ${phrase}\r\n`]));

/** The status-line for `status`, its line end included; without a reason where there is no usual one. */
export function formatStatusLine(status: number): string {
  return STATUS_LINES.get(status) ?? `HTTP/1.1 ${status} \r\n`;
}
