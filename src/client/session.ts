/**
 * A client's connections: a few kept open for each origin it talked to last, reconnected unseen when the server has closed
 * them while they were idle.
 */
import type { Clock } from "../base/clock.ts";
import type { Field } from "../wire/fields.ts";
import type { ResponseHead } from "../wire/message.ts";
import type { Connection } from "./connection.ts";
import { Connector } from "./connector.ts";
import type { Opened } from "./dial.ts";
import { throwIfInterrupted } from "./interruption.ts";
import { hostField, type Origin, type RemoteUrl } from "./origin.ts";
import { TransferError } from "./transfer-error.ts";

export type SessionOptions = {
  readonly connectTimeoutMs: number;
  /** Longest silence of the server while something is owed. */
  readonly silenceMs: number;
  /** Over how long a rate that is next to nothing counts as a stall; longer than the silence if left out. */
  readonly stallWindowMs?: number;
  readonly userAgent: string;
  readonly clock: Clock;
  /** So many idle connections to one origin are kept: as many as there are requests at once. 1 when absent. */
  readonly keptPerOrigin?: number;
  /** How often in a row a server that was reached before is tried again when it can't be any more; 0 when absent. */
  readonly connectRetries?: number;
  /** Whether a server that was never reached is tried again, too. */
  readonly waitsForStart?: boolean;
  /** Addresses of this family only. */
  readonly family?: 4 | 6 | undefined;
  /** What the user sends to the server of his own URLs: credentials, and fields of his own. */
  readonly ownFieldsFor?: (origin: Origin) => readonly Field[];
  /** Which proxy to use, if any. */
  readonly proxyFor?: ProxyFor | undefined;
};

/** A proxy, and the value of Proxy-Authorization for it. */
export type Proxy = { readonly origin: Origin; readonly authorization: string | undefined };

/** Decides which proxy to use for a server; `undefined` for none. */
export type ProxyFor = (origin: Origin) => Proxy | undefined;

/** Where a request for a URL goes, and in which form (RFC 9112 §3.2). */
export type Route = {
  readonly origin: Origin;
  readonly target: string;
  /** For the next hop only. */
  readonly fields: readonly Field[];
};

/** A request as the session sees it: where it goes, and how it is put. */
export type Question = {
  readonly origin: Origin;
  /** Sends the request and waits for the final answer's head. Called again when the first connection was stale. */
  readonly converse: (connection: Connection) => Promise<ResponseHead>;
  /** Whether it may be sent again although the server may have acted upon it (RFC 9110 §9.2.2). */
  readonly mayRepeat: () => boolean;
  /** Whether it can do without an answer, and does not wait for a server that can't be reached. */
  readonly isExtra?: boolean | undefined;
  readonly signal: AbortSignal | undefined;
};

/** The head of a final answer; its body is still to be taken from the connection, which is then given back. */
export type Reply = {
  readonly head: ResponseHead;
  readonly connection: Connection;
  readonly resolveMs: number;
  readonly connectMs: number;
};

/** So many idle connections are kept in all, or as many as one origin may have. */
const KEPT_CONNECTIONS = 4;

export class Session {
  readonly options: SessionOptions;
  /** Told, once for all its requests, that a server can't be reached and is waited for: one sentence, printable. */
  onNotice: ((text: string) => void) | undefined;

  /** Idle connections, the longest idle first. */
  readonly #kept = new Set<Connection>();
  readonly #closing = new AbortController();
  readonly #connector: Connector;
  #onlyServer: string | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    const { connectRetries = 0, waitsForStart = false, clock } = options;
    this.#connector = new Connector({ retries: connectRetries, isForNew: waitsForStart, clock });
  }

  /** The way to `url`: directly with the origin-form, or by a proxy with the absolute-form. */
  routeTo(url: RemoteUrl): Route {
    const proxy = this.options.proxyFor?.(url.origin);
    if (proxy === undefined) return { origin: url.origin, target: url.target, fields: [] };
    const { origin, authorization } = proxy;
    return {
      origin,
      target: `http://${hostField(url.origin)}${url.target}`,
      fields: authorization === undefined ? [] : [["Proxy-Authorization", authorization]],
    };
  }

  /** What the user tells the server of `url`: his own fields. */
  ownFields(url: RemoteUrl): readonly Field[] {
    if (this.#onlyServer !== undefined && hostField(url.origin) !== this.#onlyServer) return [];
    return this.options.ownFieldsFor?.(url.origin) ?? [];
  }

  /**
   * From now on the user's own fields go to the server of `url` only.
   * SECURITY: for URLs that a server has told of, and not the user.
   */
  keepOwnFieldsFor(url: RemoteUrl): void {
    this.#onlyServer = hostField(url.origin);
  }

  /**
   * Sends a request over a kept connection to its origin, or a new one; several may be under way at once. A kept connection that dies without a byte of
   * an answer is replaced once, unseen.
   * @throws {TransferError} in every case of failure; the connection is closed then.
   */
  async ask(question: Question): Promise<Reply> {
    const signal =
      question.signal === undefined
        ? this.#closing.signal
        : AbortSignal.any([question.signal, this.#closing.signal]);
    throwIfInterrupted("send", signal);
    const kept = this.#takeKept(question.origin);
    if (kept !== undefined) {
      try {
        return await converse({ connection: kept, resolveMs: 0, connectMs: 0 }, question, signal);
      } catch (error) {
        if (!kept.hasDiedUnanswered || !question.mayRepeat()) throw error;
      }
    }
    return converse(await this.#connect(question, signal), question, signal);
  }

  /** Takes back a connection whose answer has been taken whole; one that can't go on is closed. */
  release(connection: Connection): void {
    connection.rest();
    const { keptPerOrigin = 1 } = this.options;
    if (!connection.isReusable || this.#countKept(connection.origin) >= keptPerOrigin) {
      connection.close();
      return;
    }
    this.#kept.add(connection);
    const [oldest] = this.#kept;
    if (oldest === undefined || this.#kept.size <= Math.max(KEPT_CONNECTIONS, keptPerOrigin)) return;
    this.#kept.delete(oldest);
    oldest.close();
  }

  /** Closes every connection; requests under way end with a {@link TransferError}. */
  close(): void {
    this.#closing.abort(new TransferError("receive", "The session was closed"));
    for (const connection of this.#kept) connection.close();
    this.#kept.clear();
  }

  #connect({ origin, isExtra = false }: Question, signal: AbortSignal): Promise<Opened> {
    const options = { ...this.options, signal };
    if (isExtra) return this.#connector.connectAtOnce(origin, options);
    return this.#connector.connect(origin, options, (text) => this.onNotice?.(text));
  }

  #countKept(origin: Origin): number {
    let count = 0;
    for (const connection of this.#kept) if (isSame(connection.origin, origin)) count += 1;
    return count;
  }

  /** The one that was used last: the server is the least likely to have closed it. */
  #takeKept(origin: Origin): Connection | undefined {
    for (const connection of [...this.#kept].toReversed()) {
      if (!isSame(connection.origin, origin)) continue;
      this.#kept.delete(connection);
      if (connection.isReusable) return connection;
      connection.close();
    }
    return undefined;
  }
}

async function converse(opened: Opened, question: Question, signal: AbortSignal): Promise<Reply> {
  const { connection } = opened;
  connection.begin(signal);
  try {
    return { ...opened, head: await question.converse(connection) };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function isSame(a: Origin, b: Origin): boolean {
  return a.host === b.host && a.port === b.port;
}
