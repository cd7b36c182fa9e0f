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
import { HeadReader, type Head } from "./head-reader.ts";
import type { WireLimits } from "./limits.ts";
import { interpretRequest, interpretResponse, type Interpreted } from "./message-head.ts";
import type { InformationalHead, RequestHead, ResponseHead } from "./message.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { ReceiveBuffer } from "./receive-buffer.ts";

/** Old clients end a POST with a line end too many (RFC 9112 §2.2); so many of them are skipped. */
const SKIPPED_LINES = 4;

/** Heads of requests. */
export class RequestSource {
  readonly role = "server";
  readonly reader: HeadReader<RequestLine>;
  /** The last head as read and as understood: the reader gives the same object for the same bytes. */
  #recentRead: Head<RequestLine> | undefined;
  #recent: Interpreted<RequestHead> | undefined;
  /** The head that was read but not understood. */
  #misread: Head<RequestLine> | undefined;

  constructor(buffer: ReceiveBuffer, { headBytes, targetBytes, fieldCount }: WireLimits) {
    const rules = {
      parse: (line: string) => parseRequestLine(line, targetBytes),
      limitBytes: Math.min(headBytes, requestLineBytes(targetBytes)),
      excess: describeLongRequestLine,
      skippableLines: SKIPPED_LINES,
    };
    this.reader = new HeadReader(buffer, rules, { bytes: headBytes, fieldCount });
  }

  /** The method of the head that is being read, or could not be read to its end, if it is known. */
  get method(): string | undefined {
    return (this.reader.start ?? this.#misread?.start)?.method;
  }

  /** Lets go of the last head; what is being read is not touched. */
  forget(): void {
    this.reader.forget();
    this.#recentRead = undefined;
    this.#recent = undefined;
  }

  /**
   * @returns `undefined` when no head has come whole.
   * @throws {ProtocolError} with the status to answer.
   */
  read(): Interpreted<RequestHead> | undefined {
    const read = this.reader.read();
    if (read === undefined) return undefined;
    if (this.#recent === undefined || read !== this.#recentRead) {
      this.#misread = read;
      this.#recent = interpretRequest(read);
      this.#recentRead = read;
      this.#misread = undefined;
    }
    return this.#recent;
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
    };
    this.reader = new HeadReader(buffer, rules, { bytes: headBytes, fieldCount });
    this.#informationalLimit = informationalCount;
  }

  /**
   * @param method of the request that is answered.
   * @returns `undefined` when no head has come whole.
   * @throws {ProtocolError} also when more informational ones come than are allowed before a final one.
   */
  read(method: string): Interpreted<ResponseHead | InformationalHead> | undefined {
    const read = this.reader.read();
    if (read === undefined) return undefined;
    const interpreted = interpretResponse(read, method);
    this.#count(interpreted.head);
    return interpreted;
  }

  #count(head: ResponseHead | InformationalHead): void {
    this.#informationalCount = head.kind === "informational" ? this.#informationalCount + 1 : 0;
    if (this.#informationalCount > this.#informationalLimit) {
      throw new ProtocolError("There are too many informational responses");
    }
  }
}
