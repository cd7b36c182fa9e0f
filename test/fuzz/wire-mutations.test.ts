/**
 * Hostile bytes: valid messages with mutations, and noise, cut at random. Whatever comes, an exchange ends in events or
 * in a ProtocolError, and in the same ones however the bytes were cut.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, encodeLatin1 } from "../../src/base/bytes.ts";
import { DEFAULT_LIMITS, Exchange } from "../../src/wire/exchange.ts";
import { byteByByte, cut, play, type Play } from "../wire/harness.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT_MS } from "./runs.ts";

const REQUESTS = [
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /a%20b?c=d HTTP/1.1\r\nHost: a.example:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
  "HEAD http://a/b HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, TE\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
  "PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\nhello world",
  'POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6;c="d\\"e"\r\n world\r\n0\r\nX: y\r\n\r\n',
  "\r\nPOST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\tchunked \r\nTrailer: X\r\n\r\nA\r\n0123456789\r\n0;x\r\n\r\n",
].map(encodeLatin1);

const RESPONSES = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nETag: "x"\r\n\r\n',
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nDigest: x\r\n\r\n",
  "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nuntil the end",
  "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/10\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
].map(encodeLatin1);

const FRAGMENTS = [
  "\r\n",
  "\n",
  "\r",
  "\r\n\r\n",
  " ",
  "\t",
  "\0",
  "\x0b",
  "\x7f",
  "\x80",
  "\xff",
  ":",
  ",",
  ";",
  "0",
  "5",
  "f",
  "-",
  "+",
  "_",
  "0x",
  "99999999999999999999",
  "FFFFFFFFFFFFFFFF",
  "#",
  "?",
  "%",
  "//",
  "\\",
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x\r\n",
  "Host: b\r\n",
  "Connection: close\r\n",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/2.0",
  " HTTP/1.1\r\n",
  "0\r\n\r\n",
  "5\r\nhello\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "HTTP/1.1 101 X\r\n\r\n",
  "a".repeat(90),
  "chunked",
  "\r\n A: b",
].map(encodeLatin1);

/** Small ones, so that limits are met. */
const LIMITS = {
  ...DEFAULT_LIMITS,
  headBytes: 400,
  targetBytes: 60,
  fieldCount: 8,
  chunkExtensionBytes: 20,
  trailerBytes: 40,
  informationalCount: 2,
};

type Mutation = { readonly at: number; readonly cutBytes: number; readonly insert: Uint8Array };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat({ max: 300 }),
  cutBytes: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 10 })),
  insert: fc.oneof(fc.constantFrom(...FRAGMENTS), fc.uint8Array({ maxLength: 4 })),
});

function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce((before, { at, cutBytes, insert }) => {
    const start = at % (before.length + 1);
    return concatBytes([before.subarray(0, start), insert, before.subarray(start + cutBytes)]);
  }, bytes);
}

function messages(corpus: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const several = fc.array(fc.constantFrom(...corpus), { minLength: 1, maxLength: 3 }).map(concatBytes);
  return fc
    .tuple(several, fc.array(mutation, { maxLength: 4 }))
    .map(([bytes, mutations]) => mutate(bytes, mutations));
}

/** Throws whatever an exchange lets out that is not a ProtocolError of the peer's; and ends only if the exchange does. */
function expectTheSame(bytes: Uint8Array, at: readonly number[], options: Play): void {
  const whole = play([bytes], options);
  expect(play(cut(bytes, at), options)).toEqual(whole);
  expect(play(byteByByte(bytes), options)).toEqual(whole);
}

const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 8 });
const options = fc.record({ limits: fc.constantFrom(DEFAULT_LIMITS, LIMITS), isEnded: fc.boolean() });

describe("an exchange survives", () => {
  test(
    "mutated requests, the same however they are cut",
    () => {
      fc.assert(
        fc.property(messages(REQUESTS), cuts, options, (bytes, at, chosen) =>
          expectTheSame(bytes, at, chosen),
        ),
        { numRuns: FUZZ_RUNS },
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "mutated responses, the same however they are cut",
    () => {
      const method = fc.constantFrom("GET", "HEAD");
      fc.assert(
        fc.property(messages(RESPONSES), cuts, options, method, (bytes, at, chosen, asked) =>
          expectTheSame(bytes, at, { ...chosen, role: "client", method: asked }),
        ),
        { numRuns: FUZZ_RUNS },
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "noise",
    () => {
      const noise = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 30 }).map(concatBytes),
      );
      const role = fc.constantFrom("server" as const, "client" as const);
      fc.assert(
        fc.property(noise, cuts, options, role, (bytes, at, chosen, played) =>
          expectTheSame(bytes, at, { ...chosen, role: played }),
        ),
        { numRuns: FUZZ_RUNS },
      );
    },
    FUZZ_TIMEOUT_MS,
  );

  test(
    "heads that come again and again with small changes, the same as each on a new connection",
    () => {
      const heads = fc.array(messages(REQUESTS), { minLength: 2, maxLength: 6 });
      fc.assert(
        fc.property(heads, (texts) => {
          const known = new Exchange("server");
          for (const bytes of texts) {
            const told = play([bytes], { isEnded: true });
            const [first] = told;
            if (first?.kind !== "request" || told.map((event) => event.kind).join() !== "request,end,closed")
              continue;
            known.receive(bytes);
            const head = known.next();
            if (head?.kind !== "request") throw new Error("The second time it was no request");
            expect({ ...head, fields: [...head.fields] }).toEqual(first as never);
            known.next();
            known.send({ kind: "response", status: 404, fields: [], length: 0 });
            known.send({ kind: "end" });
            if (!known.persists) return;
          }
        }),
        { numRuns: FUZZ_RUNS },
      );
    },
    FUZZ_TIMEOUT_MS,
  );
});
