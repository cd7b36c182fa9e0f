import { afterEach, describe, expect, test } from "bun:test";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OpenFile, Store } from "../../src/store/store.ts";
import { RawClient } from "../support/raw-client.ts";
import { type RunningSite, startSite } from "../support/running-site.ts";

const SIZE_BYTES = 256 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const HEAD = "HEAD /large.png HTTP/1.1\r\nHost: x\r\nWant-Repr-Digest: sha-256=1\r\n\r\n";

/** What is done with the files of a store. */
class WatchedReads {
  count = 0;
  onRead: (() => void) | undefined;
  readonly closed = Promise.withResolvers<void>();

  wrap(store: Store): Store {
    return {
      find: (path) => {
        const found = store.find(path);
        return found?.kind === "file" ? { kind: "file", file: this.#watch(found.file) } : found;
      },
      folder: (path) => store.folder(path),
    };
  }

  #watch(file: OpenFile): OpenFile {
    const { sizeBytes, modifiedMs, version, isSettled } = file;
    return {
      sizeBytes,
      modifiedMs,
      version,
      isSettled,
      read: (target, position) => {
        this.count += 1;
        this.onRead?.();
        return file.read(target, position);
      },
      close: () => {
        file.close();
        // A file that changed just now is opened twice; the first is closed unread.
        if (this.count > 0) this.closed.resolve();
      },
    };
  }
}

describe("a digest that takes long", () => {
  let running: RunningSite;
  afterEach(() => running.stop());

  function start(): WatchedReads {
    const reads = new WatchedReads();
    running = startSite({ wrapStore: (store) => reads.wrap(store) });
    writeFileSync(join(running.root, "large.png"), "");
    truncateSync(join(running.root, "large.png"), SIZE_BYTES);
    return reads;
  }

  test("is computed no further when the connection has ended", async () => {
    const reads = start();
    const client = await RawClient.connect(running.port);
    const begun = Promise.withResolvers<void>();
    reads.onRead = begun.resolve;
    await client.send(HEAD);
    await begun.promise;
    client.close();
    await reads.closed.promise;
    expect(reads.count).toBeLessThan(SIZE_BYTES / READ_BYTES / 2);
    expect(running.failures).toEqual([]);
  });

  test("is computed for a client that has sent its FIN", async () => {
    const reads = start();
    const client = await RawClient.connect(running.port);
    await client.send(HEAD);
    client.halfClose();
    const received = await client.until((bytes) => bytes.includes("\r\n\r\n"), 30_000);
    expect(received.toString()).toContain("Repr-Digest: sha-256=:");
    expect(reads.count).toBe(SIZE_BYTES / READ_BYTES);
    client.close();
  });
});
