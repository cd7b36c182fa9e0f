/**
 * Requests and replies as values, for the tests of the site.
 */
import { asBuffer } from "../../src/base/bytes.ts";
import type { Piece } from "../../src/base/piece.ts";
import { DEFAULT_POLICY, type SitePolicy } from "../../src/site/policy.ts";
import { bodyLength, closeBody, type Outcome, type Reply } from "../../src/site/reply.ts";
import { respond, type Site } from "../../src/site/respond.ts";
import type { Store } from "../../src/store/store.ts";
import { type Field, Fields } from "../../src/wire/fields.ts";
import type { Framing, HttpVersion, RequestHead } from "../../src/wire/message.ts";
import type { Target } from "../../src/wire/target.ts";

/** The present of {@link makeSite}: Thu, 05 Mar 2026 12:00:00 GMT. */
export const NOW_MS = Date.UTC(2026, 2, 5, 12, 0, 0);

export type RequestOptions = {
  readonly fields?: Readonly<Record<string, string>>;
  readonly version?: HttpVersion;
  readonly framing?: Framing;
  readonly target?: Target;
};

/** A request's head as the wire would give it; `rawTarget` is a path with a query, or `*`. */
export function makeRequest(method: string, rawTarget: string, options: RequestOptions = {}): RequestHead {
  const lines: Field[] = Object.entries({ Host: "localhost:8080", ...options.fields });
  return {
    kind: "request",
    method,
    target: options.target ?? targetOf(rawTarget),
    rawTarget,
    version: options.version ?? "1.1",
    fields: new Fields(lines),
    framing: options.framing ?? { kind: "none" },
    expectsContinue: false,
    persists: true,
    note: undefined,
  };
}

export function makeSite(store: Store, policy: Partial<SitePolicy> = {}): Site {
  return {
    store,
    policy: { ...DEFAULT_POLICY, ...policy },
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    onError: () => undefined,
  };
}

/** A reply with its content read to the end. */
export type ReadReply = {
  readonly status: number;
  readonly fields: Fields;
  readonly body: Buffer;
  readonly text: string;
  readonly length: number | "unknown";
  readonly trailers: Fields;
};

/** Asks the site and reads the whole reply, as a connection does. */
export async function ask(
  site: Site,
  method: string,
  rawTarget: string,
  options: RequestOptions = {},
): Promise<ReadReply> {
  const outcome = await respond(makeRequest(method, rawTarget, options), site);
  if (outcome.kind !== "reply") throw new Error("The site wants a body");
  return readReply(outcome, method);
}

/** GET with fields. */
export function get(
  site: Site,
  rawTarget: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<ReadReply> {
  return ask(site, "GET", rawTarget, { fields });
}

/** Sends a body in the given chunks and reads the reply. */
export async function send(
  site: Site,
  method: string,
  rawTarget: string,
  {
    chunks,
    trailers = {},
    ...options
  }: RequestOptions & {
    readonly chunks: readonly (string | Uint8Array)[];
    readonly trailers?: Readonly<Record<string, string>>;
  },
): Promise<ReadReply> {
  const bodies = chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk));
  const length = bodies.reduce((total, body) => total + body.length, 0);
  const framing: Framing = options.framing ?? { kind: "length", length };
  const outcome: Outcome = await respond(makeRequest(method, rawTarget, { ...options, framing }), site);
  if (outcome.kind === "reply") return readReply(outcome, method);
  for (const body of bodies) {
    const reply = outcome.receive(body);
    if (reply !== undefined) return readReply(reply, method);
  }
  return readReply(await outcome.finish(new Fields(Object.entries(trailers))), method);
}

/** Reads a reply to its end and closes it. */
export async function readReply(reply: Reply, method = "GET"): Promise<ReadReply> {
  const chunks: Uint8Array[] = [];
  let trailers: readonly Field[] = [];
  try {
    if (method !== "HEAD" && reply.status !== 304 && reply.status !== 204) {
      if (reply.body.kind === "bytes") chunks.push(reply.body.bytes);
      if (reply.body.kind === "pieces") chunks.push(...reply.body.pieces.map(readPiece));
      if (reply.body.kind === "stream") {
        const { stream } = reply.body;
        for (let bytes = await stream.next(); bytes !== undefined; bytes = await stream.next()) {
          if (bytes.length === 0) throw new Error("An empty chunk");
          chunks.push(Uint8Array.from(bytes));
        }
        trailers = stream.trailers?.() ?? [];
      }
    }
  } finally {
    closeBody(reply.body);
  }
  const body = asBuffer(Buffer.concat(chunks));
  return {
    status: reply.status,
    fields: new Fields(reply.fields),
    body,
    text: body.toString(),
    length: bodyLength(reply.body),
    trailers: new Fields(trailers),
  };
}

function readPiece(piece: Piece): Uint8Array {
  if (!("kind" in piece)) return piece;
  const bytes = Buffer.alloc(piece.length);
  for (let done = 0; done < piece.length;) {
    const count = piece.file.read(bytes.subarray(done), piece.position + done);
    if (count === 0) throw new Error("The file is shorter than its slice");
    done += count;
  }
  return bytes;
}

function targetOf(rawTarget: string): Target {
  if (rawTarget === "*") return { form: "asterisk" };
  const mark = rawTarget.indexOf("?");
  return {
    form: "origin",
    path: mark < 0 ? rawTarget : rawTarget.slice(0, mark),
    query: mark < 0 ? undefined : rawTarget.slice(mark + 1),
  };
}
