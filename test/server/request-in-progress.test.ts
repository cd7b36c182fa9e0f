import { describe, expect, test } from "bun:test";
import { Outbox } from "../../src/net/outbox.ts";
import { Answer } from "../../src/server/answer.ts";
import { RequestInProgress } from "../../src/server/request-in-progress.ts";
import type { Framing } from "../../src/wire/message.ts";
import { Exchange } from "../../src/wire/exchange.ts";
import { makeRequest } from "../support/requests.ts";

const NONE: Framing = { kind: "none" };
const KIB = 1024;

/** A request that has been answered with so much content, and whether its client is done with it. */
function isLast(head: { readonly framing: Framing; readonly persists: boolean }, length: number): boolean {
  const exchange = new Exchange("server");
  exchange.receive(Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  while (exchange.next() !== undefined);
  const outbox = new Outbox({ write: () => 0 });
  const body = { kind: "bytes", bytes: new Uint8Array(length) } as const;
  const answer = new Answer(
    { kind: "reply", status: 200, fields: [], body },
    { exchange, outbox, owner: { takeTurn() {}, fail() {} } },
  );
  answer.start({ momentFields: [], close: true, isHeadOnly: false });
  const request = new RequestInProgress({ ...makeRequest("GET", "/"), ...head }, 0);
  request.answer = answer;
  return request.isClientsLast;
}

describe("RequestInProgress.isClientsLast", () => {
  test.each([
    ["a short answer to a client that asks nothing more", NONE, { persists: false, length: 64 * KIB }, true],
    ["a long one", NONE, { persists: false, length: 64 * KIB + 1 }, false],
    ["a client that may go on", NONE, { persists: true, length: 1 }, false],
    [
      "a body, behind which a line end may follow (RFC 9112 §2.2)",
      { kind: "length", length: 3 },
      { persists: false, length: 1 },
      false,
    ],
    ["a chunked one", { kind: "chunked" }, { persists: false, length: 1 }, false],
  ] as const)("with %s", (_, framing, { persists, length }, expected) => {
    expect(isLast({ framing, persists }, length)).toBe(expected);
  });
});
