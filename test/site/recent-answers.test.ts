import { describe, expect, test } from "bun:test";
import { LineUp } from "../../src/base/line-up.ts";
import type { Piece } from "../../src/base/piece.ts";
import { closeBody, type Reply } from "../../src/site/reply.ts";
import { respond, type Site } from "../../src/site/respond.ts";
import type { Derived, Found, KeptContent, OpenFile, Store } from "../../src/store/store.ts";
import { DEFAULT_POLICY } from "../../src/site/policy.ts";
import type { RequestHead } from "../../src/wire/message.ts";
import { makeRequest as makeFirstRequest, makeSite } from "../support/requests.ts";

/** A store with one file in memory, which the test can replace; counts how often it is asked. */
function setUp(text = "one", name = "a.txt") {
  const state = { file: inMemory(text), finds: 0 };
  const store: Store = {
    find: (path): Found | undefined => {
      state.finds += 1;
      if (path.names.at(-1) !== name) return undefined;
      state.file.hold();
      return { kind: "file", file: state.file };
    },
    folder: () => undefined,
  };
  return { state, store };
}

/** A file in memory, current until it is said not to be, and kept until it is forgotten. */
class MemoryFile implements OpenFile, KeptContent {
  readonly kept = this;
  readonly whole: Piece;
  readonly text: Uint8Array;
  holds = 0;
  readonly sizeBytes: number;
  readonly modifiedMs = 0;
  readonly version: string;
  readonly isSettled = true;
  isNow = true;
  quietMark = 1;
  readonly derived = new LineUp<Derived>();

  constructor(text: string) {
    const bytes = new TextEncoder().encode(text);
    this.text = bytes;
    // What is long is sent by the kernel.
    this.whole = text.length < 10 ? bytes : { kind: "slice", file: this, position: 7, length: bytes.length };
    this.sizeBytes = bytes.length;
    this.version = `v-${text}`;
  }

  isCurrent(): boolean {
    return this.isNow;
  }

  forget(): void {
    for (const each of this.derived) each.end();
  }

  read(target: Uint8Array, position: number): number {
    const part = this.text.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }

  hold(): void {
    this.holds += 1;
  }

  close(): void {
    this.holds -= 1;
  }
}

function inMemory(text: string): MemoryFile {
  return new MemoryFile(text);
}

/** A request that has come before. */
function makeRequest(...words: Parameters<typeof makeFirstRequest>): RequestHead {
  const request = makeFirstRequest(...words);
  request.note = "come before";
  return request;
}

function isNoted({ note }: RequestHead): boolean {
  return typeof note === "object";
}

function siteAt(store: Store, nowMs: number): Site {
  return { ...makeSite(store), clock: { nowMs: () => nowMs, monotonicMs: () => 0 } };
}

describe("the same request again", () => {
  test("is answered by the store once, and then no more", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const request = makeFirstRequest("GET", "/a.txt");
    const answers = [1, 2, 3].map(() => respond(request, site));
    expect(state.finds).toBe(1);
    expect(answers[2]).toBe(answers[0]);
    expect(answers[0]).toMatchObject({ body: { bytes: state.file.whole } });
  });

  test("in words that are new for its file is answered by the store twice, and then no more", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    void respond(makeFirstRequest("GET", "/a.txt"), site);
    const request = makeFirstRequest("GET", "/a.txt?2");
    const answers = [1, 2, 3, 4].map(() => respond(request, site));
    expect(state.finds).toBe(3);
    expect(answers[3]).toBe(answers[1]);
    expect(answers[1]).toMatchObject({ ...(answers[0] as Reply), body: { bytes: state.file.whole } });
  });

  test("when many are noted is answered by the store twice, and then no more", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const files = Array.from({ length: 16_384 }, () => {
      state.file = inMemory("one");
      void respond(makeFirstRequest("GET", "/a.txt"), site);
      return state.file;
    });
    state.file = inMemory("another");
    const before = state.finds;
    const request = makeFirstRequest("GET", "/a.txt");
    for (let count = 0; count < 4; count++) void respond(request, site);
    expect(state.finds - before).toBe(2);
    for (const file of [...files, state.file]) file.forget();
  });

  test("has the same answer while the file is the same, without asking the store", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt");
    const first = respond(request, site);
    expect(first).toMatchObject({ status: 200, body: { bytes: state.file.whole } });
    expect(respond(request, site)).toBe(first);
    expect(state.finds).toBe(1);
  });

  test.each([
    ["bytes", "one", {}, 0],
    ["a slice", "content of some length", {}, 2],
    ["a part of a slice", "content of some length", { Range: "bytes=2-5" }, 2],
    ["nothing", "content of some length", { "If-None-Match": "*" }, 0],
  ])("holds the content while an answer of %s is under way, and no longer", (_, text, fields, holds) => {
    const { state, store } = setUp(text);
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt", { fields });
    const answers = [respond(request, site), respond(request, site)] as Reply[];
    expect(state.file.holds).toBe(holds);
    for (const answer of answers) closeBody(answer.body);
    expect(state.file.holds).toBe(0);
  });

  test("for a folder has the page of that folder again, while that is the same", () => {
    const { state, store } = setUp("one", "index.html");
    const site = makeSite(store);
    const request = makeRequest("GET", "/sub/");
    const first = respond(request, site);
    expect(respond(request, site)).toBe(first);
    state.file.isNow = false;
    state.file = inMemory("second");
    expect(respond(request, site)).toMatchObject({ body: { bytes: state.file.whole } });
  });

  test("for a page that stands for whatever is missing is decided anew", () => {
    const { state, store } = setUp("one", "index.html");
    const site = { ...makeSite(store), policy: { ...DEFAULT_POLICY, spa: true } };
    const onlyAtRoot: Store = {
      ...store,
      find: (path) => (path.names.length === 1 ? store.find(path) : undefined),
    };
    const request = makeRequest("GET", "/a/page", { fields: { Accept: "text/html" } });
    for (let time = 1; time <= 2; time++) {
      expect(respond(request, { ...site, store: onlyAtRoot })).toMatchObject({ status: 200 });
      expect(state.finds).toBe(time);
    }
  });

  test("has the same part again", () => {
    const { store } = setUp("content of some length");
    const request = makeRequest("GET", "/a.txt", { fields: { Range: "bytes=2-5" } });
    const site = makeSite(store);
    const part = { kind: "slice", position: 9, length: 4 };
    for (let time = 0; time < 2; time++)
      expect(respond(request, site)).toMatchObject({ status: 206, body: { pieces: [part] } });
  });

  test("has another answer when the file is another", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt");
    void respond(request, site);
    state.file.isNow = false;
    state.file = inMemory("second");
    expect(respond(request, site)).toMatchObject({ body: { bytes: state.file.whole } });
  });

  test("lets go of the content when it is no longer kept in memory", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const requests = [makeRequest("GET", "/a.txt"), makeRequest("GET", "/a.txt?again")];
    for (const request of requests) void respond(request, site);
    state.file.forget();
    expect(Bun.inspect(requests, { depth: 9 })).not.toContain("bytes");
    for (const request of requests) void respond(request, site);
    expect(state.finds).toBe(4);
  });

  test.each(["If-Modified-Since", "If-Unmodified-Since", "If-Range"])(
    "with %s is decided anew when the second is over",
    (name) => {
      const { store } = setUp();
      let nowMs = Date.UTC(2026, 0, 1);
      const site = { ...makeSite(store), clock: { nowMs: () => nowMs, monotonicMs: () => 0 } };
      const fields = { Range: "bytes=0-0", [name]: "Thu, 01 Jan 2026 00:00:00 GMT" };
      const request = makeRequest("GET", "/a.txt", { fields });
      const first = respond(request, site);
      nowMs += 999;
      expect(respond(request, site)).toBe(first);
      nowMs += 1;
      expect(respond(request, site)).not.toBe(first);
    },
  );

  test("about a file from the future is decided anew when the second is over: Last-Modified is the present", () => {
    const { state, store } = setUp();
    Object.assign(state.file, { modifiedMs: Date.UTC(2030, 0, 1) });
    let nowMs = Date.UTC(2026, 0, 1);
    const site = { ...makeSite(store), clock: { nowMs: () => nowMs, monotonicMs: () => 0 } };
    const request = makeRequest("GET", "/a.txt");
    const modified = () => new Map((respond(request, site) as Reply).fields).get("Last-Modified");
    expect(modified()).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
    nowMs += 1000;
    expect(modified()).toBe("Thu, 01 Jan 2026 00:00:01 GMT");
  });

  test("is noted for so many heads at a time, however many ask for one file, and the last ones count", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const requests = Array.from({ length: 17_000 }, (_, index) => makeRequest("GET", `/a.txt?${index}`));
    for (const request of requests) void respond(request, site);
    expect(requests.filter(isNoted).length).toBe(16_384);
    expect(requests.slice(-1).map(isNoted)).toEqual([true]);
    state.file.forget();
    expect(requests.filter(isNoted)).toEqual([]);
  });

  test("for several ranges has a boundary of its own", () => {
    const { store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt", { fields: { Range: "bytes=0-0,2-2" } });
    expect(respond(request, site)).toMatchObject({ status: 206 });
    expect(respond(request, site)).not.toEqual(respond(request, site));
  });

  test("is not answered from another site", () => {
    const { store } = setUp();
    const request = makeRequest("GET", "/a.txt");
    const first = respond(request, siteAt(store, 0));
    expect(respond(request, siteAt(store, 0))).not.toBe(first);
  });

  test("of a type that is compressed for some is decided anew when something beside the file has changed", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt", { fields: { "Accept-Encoding": "gzip" } });
    const first = respond(request, site);
    expect(respond(request, site)).toBe(first);
    state.file.quietMark += 1;
    state.finds = 0;
    expect(respond(request, site)).not.toBe(first);
    expect(state.finds).toBeGreaterThan(1);
  });

  test("is not repeated when its file changed while it was made", async () => {
    const { state, store } = setUp();
    const site = makeSite({ ...store, quietMark: state.file.quietMark });
    const request = makeRequest("GET", "/a.txt", { fields: { "Want-Repr-Digest": "sha-256=10" } });
    const first = respond(request, site);
    expect(first).toBeInstanceOf(Promise);
    state.file.isNow = false;
    state.file = inMemory("second");
    expect(await first).toMatchObject({ status: 200 });
    expect(await respond(request, site)).toMatchObject({ body: { bytes: state.file.text } });
  });

  test("a 304 is repeated as well", () => {
    const { store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt", { fields: { "If-None-Match": '"v-one"' } });
    expect(respond(request, site)).toMatchObject({ status: 304 });
    expect(respond(request, site)).toBe(respond(request, site));
  });
});
