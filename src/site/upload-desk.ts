/**
 * Who is at work on which unfinished upload: one request at a time (draft-ietf-httpbis-resumable-upload-12 §4.6). And for a
 * while, what was answered to uploads that are done, for a client that didn't get to hear it.
 */
import { oncePer } from "../base/once.ts";
import type { Store } from "../store/store.ts";
import type { Reply } from "./reply.ts";

export interface UploadWriter {
  /** What it does at the end, once all of its body has come; `undefined` before. */
  readonly finishing: Promise<unknown> | undefined;
  /** Ends it, and keeps what has come so far. */
  cut(): void;
}

export type DoneUpload = {
  readonly sizeBytes: number;
  /** Its body is in memory, so that it can be sent again. */
  readonly reply: Reply;
};

const KEPT_REPLIES = 256;

export class UploadDesk {
  readonly #writers = new Map<string, UploadWriter>();
  /** The last request in each line; it settles when its turn is over. */
  readonly #lastTurns = new Map<string, Promise<unknown>>();
  readonly #done = new Map<string, DoneUpload>();

  /**
   * Calls `act` once nobody else is at work on the upload. Requests take their turns in the order in which they came; the turn of
   * one whose `act` gives a promise lasts until that settles. Then an older writer is cut, since its client has given it up, or
   * it wouldn't ask again; one that has all of its body is waited for.
   *
   * SECURITY: two writers would mix their bytes; an offset that is told while another writes isn't true; and who makes durable
   * how far an upload has come would write over what another has written down meanwhile.
   *
   * @param act what begins to write enters before it returns.
   * @returns what `act` gives, or how it fails; a promise only where `act` gives one or there is something to wait for.
   */
  inTurn<T>(token: string, act: () => T | Promise<T>): T | Promise<T> {
    const writer = this.#writers.get(token);
    if (this.#lastTurns.has(token) || writer?.finishing !== undefined) {
      return this.#takeTurn(token, this.#waitToAct(token, act));
    }
    writer?.cut();
    const result = act();
    return result instanceof Promise ? this.#takeTurn(token, result) : result;
  }

  async #waitToAct<T>(token: string, act: () => T | Promise<T>): Promise<T> {
    // How the others fail, their own clients hear.
    await this.#lastTurns.get(token)?.catch(() => undefined);
    await this.#writers.get(token)?.finishing?.catch(() => undefined);
    this.#writers.get(token)?.cut();
    return act();
  }

  #takeTurn<T>(token: string, turn: Promise<T>): Promise<T> {
    this.#lastTurns.set(token, turn);
    const end = () => {
      if (this.#lastTurns.get(token) === turn) this.#lastTurns.delete(token);
    };
    turn.then(end, end);
    return turn;
  }

  /**
   * From now on until it leaves, `writer` is the one that writes to the upload.
   * @throws {Error} when another does: then somebody has acted out of turn.
   */
  enter(token: string, writer: UploadWriter): void {
    if (this.#writers.has(token)) throw new Error("Two requests write to one upload");
    this.#writers.set(token, writer);
  }

  leave(token: string, writer: UploadWriter): void {
    if (this.#writers.get(token) === writer) this.#writers.delete(token);
  }

  keepReply(token: string, done: DoneUpload): void {
    this.#done.set(token, done);
    const [oldest] = this.#done.keys();
    if (this.#done.size > KEPT_REPLIES && oldest !== undefined) this.#done.delete(oldest);
  }

  done(token: string): DoneUpload | undefined {
    return this.#done.get(token);
  }

  forget(token: string): void {
    this.#done.delete(token);
  }
}

/** The desk for the unfinished uploads of a store. */
export const deskOf = oncePer<Store, UploadDesk>(() => new UploadDesk());
