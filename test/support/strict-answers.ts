/**
 * Reads what a server says as a judge would: anything that RFC 9112 does not allow in a response throws.
 */

export type StrictAnswer = {
  readonly status: number;
  readonly reason: string;
  /** Values by lower-case name; several lines of one field are joined by `, `. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly trailers: ReadonlyMap<string, string>;
};

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;
const IMF_FIXDATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const CHUNK_LINE = /^([0-9a-fA-F]{1,8})(;[^\r\n]*)?$/;

/** Fields that stand once at most: their values are no lists. */
const SINGLE = new Set([
  "content-length",
  "content-location",
  "content-range",
  "content-type",
  "date",
  "etag",
  "last-modified",
  "location",
  "retry-after",
  "server",
]);

/**
 * Reads all of `bytes` as answers to requests of `methods`, in order; requests beyond the list are taken for GET.
 * @throws {Error} when anything is out of order, or something is left over.
 */
export function readStrictAnswers(bytes: Buffer, methods: readonly string[] = []): readonly StrictAnswer[] {
  const answers: StrictAnswer[] = [];
  let rest = bytes;
  let finals = 0;
  while (rest.length > 0) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) throw new Error(`No head: ${JSON.stringify(rest.toString("latin1"))}`);
    const { status, reason, fields } = readHead(rest.subarray(0, headEnd).toString("latin1"));
    const method = methods[finals] ?? "GET";
    const { body, trailers, length } = readBody(rest.subarray(headEnd + 4), { status, fields, method });
    answers.push({ status, reason, fields, body, trailers });
    rest = rest.subarray(headEnd + 4 + length);
    if (status < 200) continue;
    finals += 1;
    if (fields.get("connection") === "close" && rest.length > 0)
      throw new Error("Bytes after the last answer");
  }
  return answers;
}

function readHead(head: string): Pick<StrictAnswer, "status" | "reason" | "fields"> {
  const [statusLine = "", ...lines] = head.split("\r\n");
  const [, status, reason = ""] = STATUS_LINE.exec(statusLine) ?? [];
  if (status === undefined) throw new Error(`No status line: ${JSON.stringify(statusLine)}`);
  const fields = readFields(lines);
  if (Number(status) >= 200 && !IMF_FIXDATE.test(fields.get("date") ?? "")) {
    throw new Error(`No Date in ${JSON.stringify(head)}`);
  }
  return { status: Number(status), reason, fields };
}

function readFields(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = FIELD_LINE.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === "") throw new Error(`No field: ${JSON.stringify(line)}`);
    const before = fields.get(key);
    if (before !== undefined && SINGLE.has(key)) throw new Error(`${name} stands twice`);
    fields.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

type BodyContext = {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly method: string;
};
type ReadBody = Pick<StrictAnswer, "body" | "trailers"> & { readonly length: number };

const NO_BODY: ReadBody = { body: Buffer.alloc(0), trailers: new Map(), length: 0 };

function readBody(bytes: Buffer, { status, fields, method }: BodyContext): ReadBody {
  const coding = fields.get("transfer-encoding");
  const length = fields.get("content-length");
  if (coding !== undefined && length !== undefined) throw new Error("Two framings");
  if (length !== undefined && !/^(0|[1-9][0-9]*)$/.test(length)) throw new Error(`Length ${length}`);
  if (status < 200 || status === 204) {
    if (coding !== undefined || length !== undefined) throw new Error(`A framing on a ${status}`);
    return NO_BODY;
  }
  if (method === "HEAD" || status === 304) return NO_BODY;
  if (coding !== undefined) {
    if (coding !== "chunked") throw new Error(`Transfer-Encoding: ${coding}`);
    return readChunks(bytes);
  }
  if (length === undefined) {
    if (fields.get("connection") !== "close") throw new Error("A body without an end");
    return { body: bytes, trailers: new Map(), length: bytes.length };
  }
  if (bytes.length < Number(length)) throw new Error(`The body has ${bytes.length} of ${length} bytes`);
  return { body: bytes.subarray(0, Number(length)), trailers: new Map(), length: Number(length) };
}

function readChunks(bytes: Buffer): ReadBody {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const [, digits] = CHUNK_LINE.exec(bytes.subarray(at, Math.max(at, lineEnd)).toString("latin1")) ?? [];
    if (digits === undefined) throw new Error("No chunk size");
    const size = Number.parseInt(digits, 16);
    if (size === 0) return { body: Buffer.concat(chunks), ...readTrailers(bytes, lineEnd + 2) };
    const dataEnd = lineEnd + 2 + size;
    if (bytes.subarray(dataEnd, dataEnd + 2).toString() !== "\r\n") throw new Error("A chunk is cut");
    chunks.push(bytes.subarray(lineEnd + 2, dataEnd));
    at = dataEnd + 2;
  }
}

function readTrailers(bytes: Buffer, start: number): Pick<ReadBody, "trailers" | "length"> {
  if (bytes.subarray(start, start + 2).toString() === "\r\n")
    return { trailers: new Map(), length: start + 2 };
  const end = bytes.indexOf("\r\n\r\n", start);
  if (end < 0) throw new Error("The trailers are cut");
  return {
    trailers: readFields(bytes.subarray(start, end).toString("latin1").split("\r\n")),
    length: end + 4,
  };
}
