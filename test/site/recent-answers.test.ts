import { describe, expect, test } from "bun:test";
import type { Reply } from "../../src/site/reply.ts";
import { respond, type Site } from "../../src/site/respond.ts";
import type { Found, OpenFile, Store } from "../../src/store/store.ts";
import { makeRequest, makeSite } from "../support/requests.ts";

/** A store with one file in memory, which the test can replace; counts how often it is asked. */
function setUp() {
  const state = { file: inMemory("one"), finds: 0 };
  const store: Store = {
    find: (path): Found | undefined => {
      state.finds += 1;
      return path.names.at(-1) === "a.txt" ? { kind: "file", file: state.file } : undefined;
    },
    folder: () => undefined,
  };
  return { state, store };
}

function inMemory(text: string): OpenFile {
  const bytes = new TextEncoder().encode(text);
  return {
    bytes,
    sizeBytes: bytes.length,
    modifiedMs: 0,
    version: `v-${text}`,
    isSettled: true,
    read: () => 0,
    close: () => {},
  };
}

function siteAt(store: Store, nowMs: number): Site {
  return { ...makeSite(store), clock: { nowMs: () => nowMs, monotonicMs: () => 0 } };
}

describe("the same request again", () => {
  test("has the same answer while the file is the same and the second lasts", () => {
    const { store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt");
    expect(respond(request, site)).toBe(respond(request, site));
  });

  test("has another answer when the file is another", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt");
    void respond(request, site);
    state.file = inMemory("two");
    expect(respond(request, site)).toMatchObject({ body: { length: 3, pieces: [state.file.bytes] } });
  });

  test("has another Date in another second", () => {
    const { store } = setUp();
    const request = makeRequest("GET", "/a.txt");
    let nowMs = Date.UTC(2026, 0, 1);
    const site = { ...makeSite(store), clock: { nowMs: () => nowMs, monotonicMs: () => 0 } };
    const dateOf = () => (respond(request, site) as Reply).fields[0]?.[1];
    expect(dateOf()).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
    nowMs += 1000;
    expect(dateOf()).toBe("Thu, 01 Jan 2026 00:00:01 GMT");
  });

  test("is not answered from another site", () => {
    const { store } = setUp();
    const request = makeRequest("GET", "/a.txt");
    const first = respond(request, siteAt(store, 0));
    expect(respond(request, siteAt(store, 0))).not.toBe(first);
  });

  test("of a type that is compressed for some is decided anew: files beside it matter, too", () => {
    const { state, store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt", { fields: { "Accept-Encoding": "gzip" } });
    void respond(request, site);
    state.finds = 0;
    void respond(request, site);
    expect(state.finds).toBeGreaterThan(1);
  });

  test("a 304 is repeated as well", () => {
    const { store } = setUp();
    const site = makeSite(store);
    const request = makeRequest("GET", "/a.txt", { fields: { "If-None-Match": '"v-one"' } });
    expect(respond(request, site)).toMatchObject({ status: 304 });
    expect(respond(request, site)).toBe(respond(request, site));
  });
});
