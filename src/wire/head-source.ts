/**
 * The heads that come in, by role: a server's are requests, a client's are responses.
 */
import {
  describeLongRequestLine,
  parseRequestLine,
  parseStatusLine,
  requestLineBytes,
  type RequestLine,
  type StatusLine,
} from "./head-parser.ts";
import { HeadReader, type Head, type HeadRules } from "./head-reader.ts";
import type { KnownHeads } from "./known-heads.ts";
import type { WireLimits } from "./limits.ts";
import { interpretRequest, interpretResponse } from "./message-head.ts";
import type { InformationalHead, RequestHead, ResponseHead } from "./message.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { ReceiveBuffer } from "./receive-buffer.ts";

/** Old clients end a POST with a line end too many (RFC 9112 §2.2); so many of them are skipped. */
const SKIPPED_LINES = 4;

let made: { readonly limits: WireLimits; readonly rules: HeadRules<RequestLine> } | undefined;

/** The rules that follow from `limits`: the same object as before for the same limits, as all connections have them. */
function requestRules(limits: WireLimits): HeadRules<RequestLine> {
  if (made?.limits !== limits) made = { limits, rules: makeRequestRules(limits) };
  return made.rules;
}

function makeRequestRules({ headBytes, targetBytes, fieldCount }: WireLimits): HeadRules<RequestLine> {
  return {
    parse: (line) => parseRequestLine(line, targetBytes),
    limitBytes: Math.min(headBytes, requestLineBytes(targetBytes)),
    excess: describeLongRequestLine,
    skippableLines: SKIPPED_LINES,
    section: { bytes: headBytes, fieldCount },
  };
}

/** Heads of requests. */
export class RequestSource {
  readonly role = "server";
  readonly reader: HeadReader<RequestLine>;
  readonly #known: KnownHeads;
  /** The head that was read but not understood. */
  #misread: Head<RequestLine> | undefined;

  constructor(buffer: ReceiveBuffer, known: KnownHeads, limits: WireLimits) {
    this.#known = known;
    this.reader = new HeadReader(buffer, requestRules(limits));
  }

  /** The method of the head that is being read, or could not be read to its end, if it is known. */
  get method(): string | undefined {
    return (this.reader.start ?? this.#misread?.start)?.method;
  }

  /**
   * @returns `undefined` when no head has come whole. The same object as before when the bytes are the same, as long as they
   *   are known.
   * @throws {ProtocolError} with the status to answer.
   */
  read(): RequestHead | undefined {
    const text = this.reader.peek();
    const known = text === undefined ? undefined : this.#known.get(text);
    if (text === undefined || known === undefined) return this.#readAnew(text);
    this.reader.skip(text);
    return known;
  }

  #readAnew(text: string | undefined): RequestHead | undefined {
    const quick = text === undefined ? undefined : this.reader.readQuickly(text);
    const read = quick ?? this.reader.readCarefully();
    if (read === undefined) return undefined;
    this.#misread = read;
    const head = interpretRequest(read);
    this.#misread = undefined;
    // SECURITY: what was read carefully may have been more than `text`, or less.
    if (text !== undefined && quick !== undefined) this.#known.add(text, head);
    return head;
  }
}

/** Heads of responses, final and informational. */
export class ResponseSource {
  readonly role = "client";
  readonly reader: HeadReader<StatusLine>;
  readonly #informationalLimit: number;
  #informationalCount = 0;

  constructor(buffer: ReceiveBuffer, { headBytes, fieldCount, informationalCount }: WireLimits) {
    const rules = {
      parse: parseStatusLine,
      limitBytes: headBytes,
      excess: { message: "The status-line is too long", status: 431 },
      skippableLines: 0,
      lineEnds: "crlf-or-lf" as const,
      section: { bytes: headBytes, fieldCount, allowsFolding: true },
    };
    this.reader = new HeadReader(buffer, rules);
    this.#informationalLimit = informationalCount;
  }

  /**
   * @param method of the request that is answered.
   * @returns `undefined` when no head has come whole.
   * @throws {ProtocolError} also when more informational ones come than are allowed before a final one.
   */
  read(method: string): ResponseHead | InformationalHead | undefined {
    const text = this.reader.peek();
    const quick = text === undefined ? undefined : this.reader.readQuickly(text);
    const read = quick ?? this.reader.readCarefully();
    if (read === undefined) return undefined;
    const head = interpretResponse(read, method);
    this.#count(head);
    return head;
  }

  #count(head: ResponseHead | InformationalHead): void {
    this.#informationalCount = head.kind === "informational" ? this.#informationalCount + 1 : 0;
    if (this.#informationalCount > this.#informationalLimit) {
      throw new ProtocolError("There are too many informational responses");
    }
  }
}
