/** A store whose unfinished uploads become durable when a test says so, so that the order of things doesn't depend on time. */
import type { Store, UnfinishedUpload, UnfinishedUploads } from "../../src/store/store.ts";
import { wrap } from "./slow-store.ts";

/** A `sync` or `commit` that is not done before it is let go on. */
export type HeldWork = {
  /** Until one of them has begun. */
  readonly begun: Promise<void>;
  goOn(): void;
  /** It fails instead. */
  fail(error: Error): void;
};

type Hold = { readonly begin: () => void; readonly mayGoOn: Promise<void> };

export class HeldStore {
  readonly store: Store;
  readonly #holds: Hold[] = [];

  constructor(store: Store) {
    const { unfinished } = store;
    if (unfinished === undefined) throw new Error("It has no unfinished uploads");
    this.store = wrap(store, { unfinished: this.#wrapUploads(unfinished) });
  }

  /** Holds the next `sync` or `commit` that isn't held yet. */
  holdNext(): HeldWork {
    const begun = Promise.withResolvers<void>();
    const mayGoOn = Promise.withResolvers<void>();
    this.#holds.push({ begin: begun.resolve, mayGoOn: mayGoOn.promise });
    return { begun: begun.promise, goOn: mayGoOn.resolve, fail: mayGoOn.reject };
  }

  async #pass(): Promise<void> {
    const hold = this.#holds.shift();
    hold?.begin();
    await hold?.mayGoOn;
  }

  #wrapUploads(unfinished: UnfinishedUploads): UnfinishedUploads {
    return wrap(unfinished, {
      create: (...parts) => this.#wrapUpload(unfinished.create(...parts)),
      find: (token) => {
        const upload = unfinished.find(token);
        return upload && this.#wrapUpload(upload);
      },
    });
  }

  #wrapUpload(upload: UnfinishedUpload): UnfinishedUpload {
    return wrap(upload, {
      sync: async () => {
        await this.#pass();
        return upload.sync();
      },
      commit: async (options) => {
        await this.#pass();
        return upload.commit(options);
      },
    });
  }
}
