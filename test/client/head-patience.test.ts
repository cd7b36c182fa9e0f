import { describe, expect, test } from "bun:test";
import { HeadPatience } from "../../src/client/head-patience.ts";
import { Exchange } from "../../src/wire/exchange.ts";
import type { WireEvent } from "../../src/wire/message.ts";

const HOUR_MS = 3_600_000;

/** The event of a head that says no more than `status`. */
function headOf(status: number): WireEvent {
  const exchange = new Exchange("client");
  exchange.send({ kind: "request", method: "GET", target: "/", fields: [["Host", "a"]], body: "none" });
  exchange.receive(Buffer.from(`HTTP/1.1 ${status} X\r\n\r\n`));
  const event = exchange.next();
  if (event === undefined) throw new Error("There is no head");
  return event;
}

function begin(): HeadPatience {
  const patience = new HeadPatience(45_000);
  patience.begin();
  return patience;
}

describe("HeadPatience", () => {
  test("has no limit of its own for a server that has said nothing", () => {
    expect(begin().isOver(HOUR_MS)).toBe(false);
  });

  test("ends so long after the first byte, whatever drips", () => {
    const patience = begin();
    for (let nowMs = 1000; nowMs < 46_000; nowMs += 500) {
      patience.noteBytes(nowMs);
      expect(patience.isOver(nowMs)).toBe(false);
    }
    expect(patience.isOver(46_000)).toBe(true);
  });

  test.each([[100], [103], [199]])("is not prolonged by a %d each second", (status) => {
    const patience = begin();
    for (let nowMs = 0; nowMs <= 45_000; nowMs += 1000) {
      patience.noteBytes(nowMs);
      patience.noteEvent(headOf(status), nowMs);
    }
    expect(patience.isOver(45_000)).toBe(true);
  });

  test.each([[102], [104]])("is prolonged by a %d every ten seconds, for a day", (status) => {
    const patience = begin();
    for (let nowMs = 0; nowMs < 25 * HOUR_MS; nowMs += 10_000) {
      patience.noteBytes(nowMs);
      patience.noteEvent(headOf(status), nowMs);
      expect([nowMs, patience.isOver(nowMs)]).toEqual([nowMs, nowMs >= 24 * HOUR_MS + 35_000]);
    }
  });

  test("begins anew while the request is still taken", () => {
    const patience = begin();
    patience.noteBytes(0);
    patience.restart();
    expect(patience.isOver(HOUR_MS)).toBe(false);
  });

  test("is over with the final head, and begins with the next request", () => {
    const patience = begin();
    patience.noteBytes(0);
    patience.noteEvent(headOf(200), 10);
    expect(patience.isOver(HOUR_MS)).toBe(false);
    patience.begin();
    patience.noteBytes(HOUR_MS);
    expect(patience.isOver(HOUR_MS + 45_000)).toBe(true);
  });
});
