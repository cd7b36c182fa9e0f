/**
 * Who writes to which unfinished upload: one request at a time (draft-ietf-httpbis-resumable-upload-12 §4.6). And for a while,
 * what was answered to uploads that are done, for a client that didn't get to hear it.
 */
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
  readonly #done = new Map<string, DoneUpload>();

  /**
   * Makes sure that nobody writes to the upload: an older request is cut, since its client has given it up, or it wouldn't ask
   * again; one that has all of its body is waited for.
   *
   * SECURITY: two writers would mix their bytes, and an offset that is told while another writes isn't true.
   *
   * @returns a promise only when there is something to wait for.
   */
  free(token: string): Promise<unknown> | undefined {
    const writer = this.#writers.get(token);
    if (writer === undefined) return undefined;
    if (writer.finishing !== undefined) return writer.finishing.catch(() => undefined);
    writer.cut();
    return undefined;
  }

  enter(token: string, writer: UploadWriter): void {
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

const desks = new WeakMap<Store, UploadDesk>();

/** The desk for the unfinished uploads of `store`. */
export function deskOf(store: Store): UploadDesk {
  let desk = desks.get(store);
  if (desk === undefined) {
    desk = new UploadDesk();
    desks.set(store, desk);
  }
  return desk;
}
