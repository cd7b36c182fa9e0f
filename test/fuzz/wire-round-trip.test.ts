/** What one exchange writes, the other reads: random messages, cut at random. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, decodeLatin1, encodeLatin1 } from "../../src/base/bytes.ts";
import type { Piece } from "../../src/base/piece.ts";
import { Exchange } from "../../src/wire/exchange.ts";
import type { Field } from "../../src/wire/fields.ts";
import type { WireEvent } from "../../src/wire/message.ts";
import { formatUrlPath, parseUrlPath } from "../../src/wire/target.ts";
import { cut } from "../wire/harness.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./runs.ts";

const TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const OWNED = ["host", "content-length", "transfer-encoding", "connection", "keep-alive", "expect", "te"];

/** One character of `text`, which is ASCII. */
function oneOf(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(...text.split(""));
}

const token = fc.string({ unit: oneOf(TCHAR), minLength: 1, maxLength: 20 });
const name = token.filter((text) => !OWNED.includes(text.toLowerCase()));
const octet = fc
  .integer({ min: 0x20, max: 0xff })
  .filter((code) => code !== 0x7f)
  .map((code) => String.fromCharCode(code));
const value = fc.string({ unit: octet, maxLength: 40 }).map((text) => text.replace(/^ +| +$/g, ""));
const fields: fc.Arbitrary<Field[]> = fc.array(fc.tuple(name, value), { maxLength: 10 });
const content = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });
const cuts = fc.array(fc.nat({ max: 4000 }), { maxLength: 20 });
const method = token.filter((text) => text !== "CONNECT" && text !== "HEAD");

const request = fc.record({
  method,
  names: fc.array(fc.string({ maxLength: 10 }), { maxLength: 4 }),
  query: fc.option(fc.string({ unit: oneOf("abc=&%?/{}|^`[]\\"), maxLength: 10 }), {
    nil: undefined,
  }),
  fields,
  content,
  isChunked: fc.boolean(),
  trailers: fields,
});

type Sent = typeof request extends fc.Arbitrary<infer T> ? T : never;

function writeRequest(sent: Sent): Uint8Array {
  const exchange = new Exchange("client");
  const path = formatUrlPath(sent.names, { isFolder: false });
  const target = sent.query === undefined ? path : `${path}?${sent.query}`;
  const pieces: Piece[] = [
    ...exchange.send({
      kind: "request",
      method: sent.method,
      target,
      fields: [["Host", "a:80"], ...sent.fields],
      body: bodyOf(sent),
    }),
  ];
  for (const piece of sent.content) pieces.push(...exchange.send({ kind: "data", piece }));
  pieces.push(...exchange.send({ kind: "end", trailers: sent.trailers }));
  return join(pieces);
}

function bodyOf(sent: Sent): number | "chunked" {
  return sent.isChunked ? "chunked" : sent.content.reduce((sum, bytes) => sum + bytes.length, 0);
}

function join(pieces: readonly Piece[]): Uint8Array {
  return concatBytes(pieces.filter((piece) => piece instanceof Uint8Array));
}

function receive(
  exchange: Exchange,
  bytes: Uint8Array,
  at: readonly number[],
  onEvent: (event: WireEvent) => void,
): void {
  for (const chunk of cut(bytes, at)) {
    exchange.receive(chunk);
    for (let event = exchange.next(); event !== undefined; event = exchange.next()) onEvent(event);
  }
}

describe("an exchange reads what an exchange wrote", () => {
  test(
    "requests, several on one connection, whatever the cuts",
    () => {
      fc.assert(
        fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), cuts, (sent, at) => {
          const server = new Exchange("server");
          const events: WireEvent[] = [];
          receive(server, join(sent.map(writeRequest)), at, (event) => {
            events.push(event);
            if (event.kind !== "end") return;
            server.send({ kind: "response", status: 200, fields: [], length: 0 });
            server.send({ kind: "end" });
          });
          const heads = events.filter((event) => event.kind === "request");
          const ends = events.filter((event) => event.kind === "end");
          expect(heads.length).toBe(sent.length);
          for (const [index, message] of sent.entries()) {
            const head = heads[index]!;
            expect(head.method).toBe(message.method);
            expect([...head.fields].slice(1, message.fields.length + 1)).toEqual(message.fields);
            if (head.target.form !== "origin") throw new Error("unreachable");
            expect(head.target.query).toBe(message.query);
            expect(parseUrlPath(head.target.path)).toBeDefined();
            expect([...ends[index]!.trailers]).toEqual(message.isChunked ? message.trailers : []);
          }
          const bodies = events
            .filter((event) => event.kind === "body")
            .map((event) => decodeLatin1(event.bytes));
          expect(bodies.join("")).toBe(
            sent.flatMap((message) => message.content.map((bytes) => decodeLatin1(bytes))).join(""),
          );
          expect(server.isIdle).toBe(true);
        }),
        { numRuns: FUZZ_RUNS },
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "responses, whatever the cuts",
    () => {
      const response = fc.record({
        asked: fc.constantFrom("GET", "HEAD"),
        version: fc.constantFrom("1.0", "1.1"),
        status: fc.integer({ min: 200, max: 599 }),
        isKnown: fc.boolean(),
        fields,
        content,
        close: fc.boolean(),
      });
      fc.assert(
        fc.property(response, cuts, (sent, at) => {
          const server = new Exchange("server");
          server.receive(encodeLatin1(`${sent.asked} / HTTP/${sent.version}\r\nHost: a\r\n\r\n`));
          while (server.next() !== undefined);
          const length = sent.content.reduce((sum, bytes) => sum + bytes.length, 0);
          const { status, fields: own, close } = sent;
          const pieces = [
            ...server.send({
              kind: "response",
              status,
              fields: own,
              close,
              length: sent.isKnown ? length : "unknown",
            }),
          ];
          for (const piece of sent.content) pieces.push(...server.send({ kind: "data", piece }));
          pieces.push(...server.send({ kind: "end" }));

          const client = new Exchange("client");
          client.send({
            kind: "request",
            method: sent.asked,
            target: "/",
            fields: [["Host", "a"]],
            body: "none",
          });
          client.send({ kind: "end" });
          const events: WireEvent[] = [];
          receive(client, join(pieces), at, (event) => events.push(event));
          client.receiveEnd();
          for (let event = client.next(); event !== undefined; event = client.next()) events.push(event);

          const [head] = events;
          if (head?.kind !== "response") throw new Error("No response came");
          expect(head.status).toBe(sent.status);
          const read = [...head.fields].filter(([field]) => field !== "Connection");
          expect(read.slice(0, sent.fields.length)).toEqual(sent.fields);
          const bodies = events
            .filter((event) => event.kind === "body")
            .map((event) => decodeLatin1(event.bytes));
          const hasBody = sent.asked === "GET" && sent.status !== 204 && sent.status !== 304;
          expect(bodies.join("")).toBe(
            hasBody ? sent.content.map((bytes) => decodeLatin1(bytes)).join("") : "",
          );
          expect(events.slice(-2).map((event) => event.kind)).toEqual(["end", "closed"]);
        }),
        { numRuns: FUZZ_RUNS },
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
