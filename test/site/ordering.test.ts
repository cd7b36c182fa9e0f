import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { nextTurn } from "../../src/base/turn.ts";
import { BATCH_ENTRIES } from "../../src/site/listing-entries.ts";
import { MOST_HELD_ENTRIES } from "../../src/site/ordering.ts";
import { closeBody, type ReplyStream } from "../../src/site/reply.ts";
import { respond } from "../../src/site/respond.ts";
import type { Site } from "../../src/site/site.ts";
import type { EntryName, Folder, Store } from "../../src/store/store.ts";
import { makeRequest, makeSite } from "../support/requests.ts";

setDefaultTimeout(60_000);

/** Folders of so many files, by their paths; it counts what is done with them. */
class CountingStore implements Store {
  readonly #counts: Readonly<Record<string, number>>;
  openCount = 0;
  /** Of each reading so far: how many names it has given, and whether it has ended. */
  readonly readings: { names: number; isEnded: boolean }[] = [];

  constructor(counts: Readonly<Record<string, number>>) {
    this.#counts = counts;
  }

  find(): undefined {
    return undefined;
  }

  folder({ names }: { readonly names: readonly string[] }): Folder | undefined {
    const count = this.#counts[names.join("/")];
    if (count === undefined) return undefined;
    this.openCount += 1;
    const state = { isOpen: true };
    return {
      names: () => this.#read(count, state),
      measure: (name) => ({ kind: "file", name, sizeBytes: 1, modifiedMs: 0 }),
      close: () => {
        if (state.isOpen) this.openCount -= 1;
        state.isOpen = false;
      },
    };
  }

  async *#read(
    count: number,
    state: { readonly isOpen: boolean },
  ): AsyncGenerator<readonly EntryName[], void> {
    const reading = { names: 0, isEnded: false };
    this.readings.push(reading);
    try {
      while (reading.names < count && state.isOpen) {
        const length = Math.min(BATCH_ENTRIES, count - reading.names);
        const batch = Array.from({ length }, (_, index) => nameAt(reading.names + index));
        reading.names += length;
        yield batch;
      }
    } finally {
      reading.isEnded = true;
    }
  }
}

function nameAt(index: number): EntryName {
  return { kind: "file", name: `${index}.txt` };
}

/** The stream of a folder's listing, and its end. */
class Reader {
  readonly stream: ReplyStream;
  text = "";

  private constructor(stream: ReplyStream) {
    this.stream = stream;
  }

  static async ask(site: Site, path: string): Promise<Reader> {
    const fields = { Accept: "application/json" };
    const outcome = await respond(makeRequest("GET", path, { fields }), site);
    if (outcome.kind !== "reply" || outcome.body.kind !== "stream") throw new Error("No stream");
    return new Reader(outcome.body.stream);
  }

  /** @returns false at the end. */
  async read(): Promise<boolean> {
    const bytes = await this.stream.next();
    if (bytes !== undefined) this.text += Buffer.from(bytes).toString();
    return bytes !== undefined;
  }

  async readAll(): Promise<number> {
    while (await this.read());
    this.close();
    return (JSON.parse(this.text) as { entries: unknown[] }).entries.length;
  }

  close(): void {
    closeBody({ kind: "stream", stream: this.stream });
  }
}

async function untilTrue(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTurn();
}

describe("a folder that many ask for", () => {
  test("is read once for all who ask before that has begun, and once more for all later ones", async () => {
    const store = new CountingStore({ "": 20_000 });
    const site = makeSite(store);
    const ask = async (): Promise<number> => (await Reader.ask(site, "/")).readAll();
    const early = Array.from({ length: 10 }, ask);
    await untilTrue(() => store.readings.length === 1);
    const late = Array.from({ length: 10 }, ask);
    expect(new Set(await Promise.all([...early, ...late]))).toEqual(new Set([20_000]));
    expect([store.readings.length, store.openCount]).toEqual([2, 0]);
  });

  test("shows to a later one what was saved before it asked", async () => {
    const counts = { "": 5_000 };
    const site = makeSite(new CountingStore(counts));
    const early = Reader.ask(site, "/").then((reader) => reader.readAll());
    await nextTurn();
    counts[""] = 5_001;
    expect([await early, await (await Reader.ask(site, "/")).readAll()]).toEqual([5_000, 5_001]);
  });

  test("is held once for all who don't read on, and by nobody who has all", async () => {
    const store = new CountingStore({ "": 3.5 * BATCH_ENTRIES });
    const site = makeSite(store);
    const readers = await Promise.all(Array.from({ length: 50 }, () => Reader.ask(site, "/")));
    await Promise.all(readers.map(async (reader) => (await reader.read()) && reader.read()));
    expect([store.readings.length, store.openCount]).toEqual([1, 1]);
    // The last batch is given: the rest is some characters, and the reader may take hours for it.
    await Promise.all(
      readers.map(async (reader) => {
        for (let batch = 0; batch < 3; batch += 1) await reader.read();
      }),
    );
    expect(store.openCount).toBe(0);
    expect(new Set(await Promise.all(readers.map((reader) => reader.readAll())))).toEqual(
      new Set([3.5 * BATCH_ENTRIES]),
    );
  });
});

describe("a client that goes", () => {
  test("ends the reading of the folder", async () => {
    const store = new CountingStore({ "": 1_000_000 });
    const reader = await Reader.ask(makeSite(store), "/");
    await reader.read();
    const reading = reader.read();
    await untilTrue(() => store.readings.length === 1);
    reader.close();
    expect(await reading).toBe(false);
    await untilTrue(() => store.readings[0]?.isEnded === true);
    expect(store.readings[0]?.names).toBeLessThan(20_000);
    expect(store.openCount).toBe(0);
  });

  test("while another waits for the same does not", async () => {
    const store = new CountingStore({ "": 20_000 });
    const site = makeSite(store);
    const readers = await Promise.all(Array.from({ length: 3 }, () => Reader.ask(site, "/")));
    const counts = readers.map((reader) => reader.readAll().catch(() => undefined));
    await untilTrue(() => store.readings.length === 1);
    readers[0]?.close();
    readers[1]?.close();
    expect(await counts[2]).toBe(20_000);
    expect([store.readings.length, store.openCount]).toEqual([1, 0]);
  });

  test("before its turn has come leaves nothing behind", async () => {
    const store = new CountingStore({ "": 20_000 });
    const site = makeSite(store);
    for (let index = 0; index < 100; index += 1) {
      const reader = await Reader.ask(site, "/");
      await reader.read();
      const reading = reader.read();
      reader.close();
      expect(await reading).toBe(false);
    }
    expect([store.readings.length, store.openCount]).toEqual([0, 0]);
  });
});

test("of folders with many names two are put in order at a time, short ones meanwhile", async () => {
  const names = ["a", "b", "c", "d", "e"];
  const store = new CountingStore({ ...Object.fromEntries(names.map((name) => [name, 60_000])), few: 10 });
  const site = makeSite(store);
  const long = names.map(async (name) => (await Reader.ask(site, `/${name}/`)).readAll());
  let [mostLong, isShortDone] = [0, false];
  await untilTrue(() => {
    const underWay = store.readings.filter(({ names: count, isEnded }) => count > 9_000 && !isEnded);
    mostLong = Math.max(mostLong, underWay.length);
    return underWay.length === 2;
  });
  const askShort = async (): Promise<void> => {
    expect(await (await Reader.ask(site, "/few/")).readAll()).toBe(10);
    isShortDone = true;
    expect(store.readings.filter(({ names: count }) => count === 60_000).length).toBeLessThan(5);
  };
  const short = askShort();
  await untilTrue(() => {
    const underWay = store.readings.filter(({ names: count, isEnded }) => count > 9_000 && !isEnded);
    mostLong = Math.max(mostLong, underWay.length);
    return isShortDone && store.readings.every(({ isEnded }) => isEnded);
  });
  await short;
  expect(await Promise.all(long)).toEqual([60_000, 60_000, 60_000, 60_000, 60_000]);
  expect([mostLong, store.openCount]).toEqual([2, 0]);
});

test("when too many entries are held, who has taken nothing for longest is cut", async () => {
  const half = MOST_HELD_ENTRIES / 2;
  const store = new CountingStore({ a: half, b: half, c: 10_000 });
  const site = makeSite(store);
  const [a, b, c] = [
    await Reader.ask(site, "/a/"),
    await Reader.ask(site, "/b/"),
    await Reader.ask(site, "/c/"),
  ];
  for (const reader of [a, b]) for (let batch = 0; batch < 2; batch += 1) await reader.read();
  await a.read();
  expect(store.openCount).toBe(3);
  // One at the limit, and now one over it.
  expect(await c.readAll()).toBe(10_000);
  expect(await a.read()).toBe(true);
  expect(String(await b.read().catch((error: unknown) => error))).toContain("given up");
  a.close();
  b.close();
  expect(store.openCount).toBe(0);
});
