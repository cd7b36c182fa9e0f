import { describe, expect, test } from "bun:test";
import { concatBytes, encodeLatin1, NO_BYTES } from "../../src/base/bytes.ts";
import type { FileSlice, Piece } from "../../src/base/piece.ts";
import { Exchange } from "../../src/wire/exchange.ts";
import type { Field } from "../../src/wire/fields.ts";
import type { ResponseToSend, WireEvent, WireMessage } from "../../src/wire/message.ts";
import { ProtocolError } from "../../src/wire/protocol-error.ts";
import { ask, textOf } from "./harness.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const EMPTY: ResponseToSend = { kind: "response", status: 200, fields: [], length: 0 };
const END: WireMessage = { kind: "end" };

function server(text: string): Exchange {
  const exchange = new Exchange("server");
  exchange.receive(encodeLatin1(text));
  return exchange;
}

function client(): Exchange {
  return new Exchange("client");
}

function drain(exchange: Exchange): readonly WireEvent["kind"][] {
  const kinds: WireEvent["kind"][] = [];
  for (let event = exchange.next(); event !== undefined; event = exchange.next()) kinds.push(event.kind);
  return kinds;
}

/** Answers the request at the front of `text`, and returns what goes out. */
function answer(text: string, response: ResponseToSend, content = ""): string {
  const exchange = server(text);
  drain(exchange);
  return textOf([
    ...exchange.send(response),
    ...(content === "" ? [] : exchange.send({ kind: "data", piece: encodeLatin1(content) })),
    ...exchange.send(END),
  ]);
}

function localBlame(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as ProtocolError).blame).toBe("local");
    return;
  }
  throw new Error("It was not refused");
}

describe("a server's turn", () => {
  test("the next request is told only after the answer to this one has ended (RFC 9112 §9.3.2)", () => {
    const exchange = server(`${GET}${GET}`);
    expect(drain(exchange)).toEqual(["request", "end"]);
    exchange.send(EMPTY);
    expect(drain(exchange)).toEqual([]);
    exchange.send(END);
    expect(drain(exchange)).toEqual(["request", "end"]);
  });

  test("the next request is told only after this one's body was read", () => {
    const exchange = server(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe`);
    expect(exchange.next()?.kind).toBe("request");
    exchange.send(EMPTY);
    exchange.send(END);
    expect(exchange.isSent).toBe(true);
    expect(exchange.isReceived).toBe(false);
    expect(exchange.persists).toBe(true);
    exchange.receive(encodeLatin1(`llo${GET}`));
    expect(drain(exchange)).toEqual(["body", "body", "end", "request", "end"]);
  });

  test("a half-closed client gets its answers, then it is told as closed", () => {
    const exchange = server(GET + GET);
    exchange.receiveEnd();
    expect(drain(exchange)).toEqual(["request", "end"]);
    exchange.send(EMPTY);
    exchange.send(END);
    expect(drain(exchange)).toEqual(["request", "end"]);
    exchange.send(EMPTY);
    exchange.send(END);
    expect(drain(exchange)).toEqual(["closed"]);
    expect(drain(exchange)).toEqual([]);
    expect(exchange.persists).toBe(false);
  });

  test.each(["", "\r\n", "\r\n\r\n"])("a client that closes after %j is told as closed", (text) => {
    const exchange = server(text);
    exchange.receiveEnd();
    expect(drain(exchange)).toEqual(["closed"]);
  });

  test.each(["\r", "G", GET.slice(0, -1)])("a client that closes after %j broke off a head", (text) => {
    const exchange = server(text);
    exchange.receiveEnd();
    expect(() => exchange.next()).toThrow("The connection was closed before");
  });

  test("after a bad head one answer may be sent, with Connection: close, and nothing more is read", () => {
    const exchange = server(`${GET}BAD\r\n\r\n${GET}`);
    expect(drain(exchange)).toEqual(["request", "end"]);
    exchange.send(EMPTY);
    exchange.send(END);
    expect(() => exchange.next()).toThrow(ProtocolError);
    exchange.receive(encodeLatin1(GET));
    expect(exchange.bufferedBytes).toBe(0);
    expect(exchange.persists).toBe(false);
    expect(textOf(exchange.send({ ...EMPTY, status: 400 }))).toContain("\r\nConnection: close\r\n");
    exchange.send(END);
    expect(exchange.isSent).toBe(true);
    localBlame(() => exchange.send({ ...EMPTY, status: 400 }));
    expect(() => exchange.next()).toThrow(ProtocolError);
  });

  test("the same error is told again and again", () => {
    const exchange = server("BAD\r\n");
    const errors = [1, 2].map(() => {
      try {
        return exchange.next();
      } catch (error) {
        return error;
      }
    });
    expect(errors[0]).toBeInstanceOf(ProtocolError);
    expect(errors[1]).toBe(errors[0]);
  });

  test.each([
    "HEAD / HTTP/1.1\r\nBad\r\n",
    "HEAD / HTTP/1.1\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
  ])("the answer to a bad %j has no body", (text) => {
    const exchange = server(text);
    expect(() => exchange.next()).toThrow(ProtocolError);
    expect(textOf(exchange.send({ ...EMPTY, status: 400, length: 3 }))).toContain("Content-Length: 3\r\n");
    expect(exchange.send({ kind: "data", piece: encodeLatin1("bad") })).toEqual([]);
  });

  test("the answer to a bad head after a HEAD has a body", () => {
    const exchange = server(`${GET.replace("GET", "HEAD")}\0`);
    drain(exchange);
    exchange.send(EMPTY);
    exchange.send(END);
    expect(() => exchange.next()).toThrow(ProtocolError);
    exchange.send({ ...EMPTY, status: 400, length: 3 });
    expect(textOf(exchange.send({ kind: "data", piece: encodeLatin1("bad") }))).toBe("bad");
  });

  test("an answer under way goes on after the body broke, and no second one is begun", () => {
    const exchange = server("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
    exchange.next();
    exchange.send({ ...EMPTY, length: 3 });
    expect(() => exchange.next()).toThrow(ProtocolError);
    localBlame(() => exchange.send({ ...EMPTY, status: 400 }));
    expect(textOf(exchange.send({ kind: "data", piece: encodeLatin1("abc") }))).toBe("abc");
    exchange.send(END);
    localBlame(() => exchange.send({ ...EMPTY, status: 400 }));
    expect(exchange.persists).toBe(false);
  });

  test("an unasked answer is sent only when it closes (408, 503), and nothing is read after it", () => {
    const exchange = server("GET / HT");
    exchange.next();
    localBlame(() => exchange.send({ ...EMPTY, status: 408 }));
    expect(textOf(exchange.send({ ...EMPTY, status: 408, close: true }))).toStartWith("HTTP/1.1 408 ");
    exchange.send(END);
    exchange.receive(encodeLatin1(`TP/1.1\r\nHost: a\r\n\r\n`));
    expect(drain(exchange)).toEqual([]);
    expect(exchange.persists).toBe(false);
  });

  test("after an answer with close nothing is read but the end", () => {
    const exchange = server(GET + GET);
    drain(exchange);
    exchange.send({ ...EMPTY, close: true });
    exchange.send(END);
    exchange.receive(encodeLatin1(GET));
    expect(drain(exchange)).toEqual([]);
    expect(exchange.bufferedBytes).toBe(0);
    exchange.receiveEnd();
    expect(drain(exchange)).toEqual(["closed"]);
  });

  test.each<readonly [string, WireMessage]>([
    ["a response nobody asked for", EMPTY],
    ["a request", { kind: "request", method: "GET", target: "/", fields: [["Host", "a"]], body: "none" }],
    ["an informational response nobody waits for", { kind: "informational", status: 100, fields: [] }],
    ["data without a head", { kind: "data", piece: encodeLatin1("x") }],
    ["an end without a head", END],
  ])("%s is refused", (_name, message) => {
    localBlame(() => new Exchange("server").send(message));
  });

  test("a second response is refused", () => {
    const exchange = server(GET);
    drain(exchange);
    exchange.send(EMPTY);
    localBlame(() => exchange.send(EMPTY));
    localBlame(() => exchange.send({ kind: "informational", status: 100, fields: [] }));
  });
});

describe("100 Continue", () => {
  const put = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  const go: WireMessage = { kind: "informational", status: 100, fields: [] };

  test("is sent before the final response (RFC 9110 §10.1.1)", () => {
    const exchange = server(put);
    expect(drain(exchange)).toEqual(["request"]);
    expect(textOf(exchange.send(go))).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    exchange.receive(encodeLatin1("ok"));
    expect(drain(exchange)).toEqual(["body", "end"]);
    expect(textOf(exchange.send(EMPTY))).not.toContain("close");
    exchange.send(END);
    expect(exchange.isIdle).toBe(true);
  });

  test("that never came leaves open what the client sends next, so the connection closes", () => {
    const exchange = server(put);
    drain(exchange);
    expect(textOf(exchange.send({ ...EMPTY, status: 413 }))).toContain("Connection: close\r\n");
    expect(exchange.persists).toBe(false);
  });

  test("that never came is no matter when the body came nevertheless", () => {
    const exchange = server(`${put}ok`);
    drain(exchange);
    expect(textOf(exchange.send(EMPTY))).not.toContain("close");
  });

  test("is not sent to HTTP/1.0 (RFC 9110 §15.2)", () => {
    const exchange = server("PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\n");
    drain(exchange);
    localBlame(() => exchange.send(go));
  });

  test.each([99, 101, 200, 1000, 100.5, Number.NaN])("%p is not an informational status", (status) => {
    const exchange = server(GET);
    drain(exchange);
    localBlame(() => exchange.send({ kind: "informational", status, fields: [] }));
  });
});

describe("persistence (RFC 9112 §9.3)", () => {
  test.each([
    ["1.1", undefined, true, undefined],
    ["1.1", "close", false, "close"],
    ["1.1", "CLOSE", false, "close"],
    ["1.1", "keep-alive", true, undefined],
    ["1.1", "keep-alive, close", false, "close"],
    ["1.1", "close, keep-alive", false, "close"],
    ["1.1", "TE,,Keep-Alive", true, undefined],
    ["1.1", ",,,close,,,", false, "close"],
    ["1.1", " \t,\tClose\t,", false, "close"],
    ["1.1", "", true, undefined],
    ["1.1", ",", true, undefined],
    ["1.1", "closed", true, undefined],
    ["1.1", "not-close", true, undefined],
    ["1.1", "upgrade", true, undefined],
    ["1.0", undefined, false, "close"],
    ["1.0", "keep-alive", true, "keep-alive"],
    ["1.0", "Keep-Alive", true, "keep-alive"],
    ["1.0", "keep-alive, close", false, "close"],
    ["1.0", "TE,,Keep-Alive", true, "keep-alive"],
    ["1.0", "x", false, "close"],
  ])(
    "HTTP/%s with Connection: %p persists: %p, answered with Connection: %p",
    (version, option, persists, answered) => {
      const line = option === undefined ? "" : `Connection: ${option}\r\n`;
      const exchange = server(`GET / HTTP/${version}\r\nHost: a\r\n${line}\r\n`);
      drain(exchange);
      const head = textOf(exchange.send(EMPTY));
      exchange.send(END);
      expect(exchange.persists).toBe(persists);
      expect(/^Connection: (.*)\r$/m.exec(head)?.[1]).toBe(answered);
      expect(head).toStartWith("HTTP/1.1 200 OK\r\n");
    },
  );

  test("two Connection lines are one list", () => {
    const exchange = server("GET / HTTP/1.1\r\nHost: a\r\nConnection: a\r\nConnection: close\r\n\r\n");
    drain(exchange);
    expect(exchange.persists).toBe(false);
  });

  test.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", true],
    ["HTTP/1.1 204 No Content\r\n\r\n", true],
  ])("a client after %j persists: %p", (text, persists) => {
    const exchange = client();
    ask(exchange);
    exchange.receive(encodeLatin1(text));
    expect(drain(exchange)).toEqual(["response", "end"]);
    expect(exchange.persists).toBe(persists);
    expect(exchange.isIdle).toBe(persists);
    if (persists) ask(exchange);
    else localBlame(() => ask(exchange));
  });

  test("Keep-Alive is announced in Connection, and left out when the connection closes (RFC 9110 §7.6.1)", () => {
    const momentFields: readonly Field[] = [["Keep-Alive", "timeout=5"]];
    expect(answer(GET, { ...EMPTY, momentFields })).toBe(
      "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    );
    expect(answer(GET, { ...EMPTY, momentFields, close: true })).toBe(
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
  });
});

describe("a written response", () => {
  const requests = {
    GET,
    HEAD: GET.replace("GET", "HEAD"),
    "HTTP/1.0": "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  };

  test.each([
    { asked: "GET", status: 200, length: 3, framing: "Content-Length: 3\r\n", body: "abc" },
    {
      asked: "GET",
      status: 200,
      length: "unknown",
      framing: "Transfer-Encoding: chunked\r\n",
      body: "3\r\nabc\r\n0\r\n\r\n",
    },
    { asked: "HTTP/1.0", status: 200, length: "unknown", framing: "Connection: close\r\n", body: "abc" },
    { asked: "HEAD", status: 200, length: 3, framing: "Content-Length: 3\r\n", body: "" },
    { asked: "HEAD", status: 200, length: "unknown", framing: "", body: "" },
    { asked: "GET", status: 204, length: 3, framing: "", body: "" },
    { asked: "GET", status: 204, length: "unknown", framing: "", body: "" },
    { asked: "GET", status: 304, length: 3, framing: "Content-Length: 3\r\n", body: "" },
    { asked: "GET", status: 304, length: "unknown", framing: "", body: "" },
  ] as const)("of $status and length $length to $asked is framed (RFC 9112 §6)", (each) => {
    const { asked, status, length, framing, body } = each;
    const text = answer(requests[asked], { kind: "response", status, fields: [], length }, "abc");
    const statusLineEnd = text.indexOf("\r\n") + 2;
    expect(text.slice(0, statusLineEnd)).toStartWith(`HTTP/1.1 ${status} `);
    expect(text.slice(statusLineEnd)).toBe(`${framing}\r\n${body}`);
  });

  test("passes a slice of a file through untouched, between chunk lines if chunked", () => {
    const slice: FileSlice = {
      kind: "slice",
      file: { read: () => 0, close: () => {} },
      position: 7,
      length: 255,
    };
    const whole = server(GET);
    drain(whole);
    whole.send({ ...EMPTY, length: 255 });
    expect(whole.send({ kind: "data", piece: slice })).toEqual([slice]);
    const chunked = server(GET);
    drain(chunked);
    chunked.send({ ...EMPTY, length: "unknown" });
    const pieces = chunked.send({ kind: "data", piece: slice });
    expect(textOf(pieces)).toBe("ff\r\n<slice>\r\n");
    expect(pieces[1]).toBe(slice);
  });

  test("sends nothing for no bytes: an empty chunk would be the last", () => {
    const exchange = server(GET);
    drain(exchange);
    exchange.send({ ...EMPTY, length: "unknown" });
    expect(exchange.send({ kind: "data", piece: NO_BYTES })).toEqual([]);
  });

  test("carries trailers when chunked, and drops them otherwise (RFC 9112 §7.1.2)", () => {
    for (const [length, expected] of [
      ["unknown", "0\r\nA: b\r\n\r\n"],
      [0, ""],
    ] as const) {
      const exchange = server(GET);
      drain(exchange);
      exchange.send({ ...EMPTY, length });
      expect(textOf(exchange.send({ kind: "end", trailers: [["A", "b"]] }))).toBe(expected);
    }
  });

  test.each<readonly [string, Field]>([
    ["framing", ["Content-Length", "1"]],
    ["framing", ["transfer-encoding", "chunked"]],
    ["routing", ["Host", "a"]],
    ["a connection option", ["Connection", "close"]],
    ["a line end", ["A", "b\r\nC: d"]],
  ])("refuses %s in a trailer", (_name, field) => {
    const exchange = server(GET);
    drain(exchange);
    exchange.send({ ...EMPTY, length: "unknown" });
    localBlame(() => exchange.send({ kind: "end", trailers: [field] }));
    expect(exchange.persists).toBe(false);
  });

  test("that is longer than announced is refused", () => {
    const exchange = server(GET);
    drain(exchange);
    exchange.send({ ...EMPTY, length: 3 });
    exchange.send({ kind: "data", piece: encodeLatin1("ab") });
    localBlame(() => exchange.send({ kind: "data", piece: encodeLatin1("cd") }));
  });

  test("that is shorter than announced is refused, and the connection can't go on", () => {
    const exchange = server(GET);
    drain(exchange);
    exchange.send({ ...EMPTY, length: 3 });
    localBlame(() => exchange.send(END));
    expect(exchange.isSent).toBe(false);
    expect(exchange.persists).toBe(false);
  });

  test("is made anew when the caller changed the array it gave before", () => {
    const fields: Field[] = [["A", "1"]];
    expect(answer(GET, { ...EMPTY, fields })).toContain("A: 1\r\n");
    fields[0] = ["A", "2"];
    expect(answer(GET, { ...EMPTY, fields })).toContain("A: 2\r\n");
    fields.push(["B", "3"]);
    expect(answer(GET, { ...EMPTY, fields })).toContain("A: 2\r\nB: 3\r\n");
    expect(answer(GET, { ...EMPTY, fields, status: 404 })).toStartWith("HTTP/1.1 404 Not Found\r\n");
  });

  test.each([99, 100, 101, 199, 600, 1000, 200.5, Number.NaN, -200])("of status %p is refused", (status) => {
    const exchange = server(GET);
    drain(exchange);
    localBlame(() => exchange.send({ ...EMPTY, status }));
    expect(exchange.isSent).toBe(false);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])("of length %p is refused", (length) => {
    const exchange = server(GET);
    drain(exchange);
    localBlame(() => exchange.send({ ...EMPTY, length }));
  });

  test.each<Field>([
    ["A", "b\r\nSet-Cookie: c"],
    ["A", "b\rc"],
    ["A", "b\nc"],
    ["A", "\0"],
    ["A", "\x1b"],
    ["A", "\x7f"],
    ["A", "b\u010ac"],
    ["A", "b\u010dc"],
    ["A", "\u4e2d"],
    ["A", "\ud83d\ude00"],
    ["", "b"],
    ["A:", "b"],
    ["A b", "c"],
    [" A", "b"],
    ["A\r\nB", "c"],
    ["A\n", "b"],
    ["A\u010a", "b"],
    ["\xe9", "b"],
    ["Content-Length", "0"],
    ["content-length", "0"],
    ["CONTENT-LENGTH", "5"],
    ["Transfer-Encoding", "chunked"],
    ["tRANSFER-eNCODING", "chunked"],
    ["Connection", "close"],
    ["connection", "x"],
  ])("with the field %j: %j is refused (header injection)", (name, value) => {
    const exchange = server(GET);
    drain(exchange);
    localBlame(() => exchange.send({ ...EMPTY, fields: [[name, value]] }));
    localBlame(() => exchange.send({ kind: "informational", status: 103, fields: [[name, value]] }));
    // A good one may still follow.
    expect(textOf(exchange.send({ ...EMPTY, fields: [["A", "b\t\xe9"]] }))).toContain("A: b\t\xe9\r\n");
  });

  test("of 2xx to CONNECT is refused: there is no tunnel", () => {
    const exchange = server("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
    drain(exchange);
    localBlame(() => exchange.send(EMPTY));
    expect(textOf(exchange.send({ ...EMPTY, status: 501 }))).toStartWith("HTTP/1.1 501 Not Implemented\r\n");
  });

  test("of a status without a usual reason has an empty one (RFC 9112 §4)", () => {
    expect(answer(GET, { ...EMPTY, status: 299 })).toStartWith("HTTP/1.1 299 \r\n");
  });
});

describe("a written request", () => {
  const request = {
    kind: "request",
    method: "GET",
    target: "/",
    fields: [["Host", "a"]],
    body: "none",
  } as const;

  test.each<readonly [number | "chunked" | "none", string, string]>([
    ["none", "", ""],
    [3, "Content-Length: 3\r\n", "abc"],
    ["chunked", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"],
  ])("with body %p is framed (RFC 9112 §6)", (body, framing, sent) => {
    const exchange = client();
    const pieces: Piece[] = [...exchange.send({ ...request, method: "PUT", body })];
    if (body !== "none") pieces.push(...exchange.send({ kind: "data", piece: encodeLatin1("abc") }));
    pieces.push(...exchange.send(END));
    expect(textOf(pieces)).toBe(`PUT / HTTP/1.1\r\nHost: a\r\n${framing}\r\n${sent}`);
  });

  test("announces close, and TE (RFC 9110 §10.1.4)", () => {
    const text = textOf(
      client().send({
        ...request,
        close: true,
        fields: [
          ["Host", "a"],
          ["TE", "trailers"],
        ],
      }),
    );
    expect(text).toEndWith("Connection: close, TE\r\n\r\n");
  });

  test.each([
    "",
    "a",
    "/a b",
    "/a\r\nHost: b",
    "/a\n",
    "/\t",
    "/#a",
    "/\xe9",
    "/\u4e2d",
    "*",
    "/\0",
    " /",
    "/ ",
    "ftp://a/",
    "//\\",
    "/\u010a",
  ])("to the target %j is refused", (target) => {
    localBlame(() => client().send({ ...request, target }));
  });

  test.each(["", "G T", "GET\r\n", "GET /", "G\xe9T", "CONNECT"])(
    "with the method %j is refused",
    (method) => {
      localBlame(() => client().send({ ...request, method }));
    },
  );

  test.each<readonly (readonly Field[])[]>([
    [[]],
    [
      [
        ["Host", "a"],
        ["host", "a"],
      ],
    ],
    [[["Host", ""]]],
    [[["Host", "a/b"]]],
    [
      [
        ["Host", "a"],
        ["Content-Length", "1"],
      ],
    ],
    [
      [
        ["Host", "a"],
        ["A", "b\r\nc: d"],
      ],
    ],
  ])("with the fields %j is refused", (fields) => {
    localBlame(() => client().send({ ...request, fields }));
  });

  test("is refused while another is under way", () => {
    const exchange = client();
    exchange.send(request);
    localBlame(() => exchange.send(request));
    exchange.send(END);
    localBlame(() => exchange.send(request));
    localBlame(() => exchange.send(EMPTY));
  });

  test("may be answered before it has ended, and is sent to its end then", () => {
    const exchange = client();
    exchange.send({ ...request, method: "PUT", body: 3 });
    exchange.receive(encodeLatin1("HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n"));
    expect(drain(exchange)).toEqual(["response", "end"]);
    expect(exchange.isReceived).toBe(true);
    expect(exchange.isSent).toBe(false);
    exchange.send({ kind: "data", piece: encodeLatin1("abc") });
    exchange.send(END);
    expect(exchange.isIdle).toBe(true);
    ask(exchange);
  });
});

describe("what an exchange says of itself", () => {
  test("a server, step by step", () => {
    const exchange = new Exchange("server");
    const state = () => [
      exchange.isIdle,
      exchange.isInHead,
      exchange.isReceived,
      exchange.isSent,
      exchange.bufferedBytes,
    ];
    expect(state()).toEqual([true, false, true, true, 0]);
    exchange.receive(encodeLatin1("\r\n"));
    exchange.next();
    expect(state()).toEqual([true, false, true, true, 0]);
    exchange.receive(encodeLatin1("PO"));
    exchange.next();
    expect(state()).toEqual([false, true, true, true, 2]);
    exchange.receive(encodeLatin1("ST / HTTP/1.1\r\nHost: a\r\n"));
    exchange.next();
    expect(state()).toEqual([false, true, true, true, 26]);
    exchange.receive(encodeLatin1("Content-Length: 2\r\n\r\na"));
    expect(exchange.next()?.kind).toBe("request");
    expect(state()).toEqual([false, false, false, false, 1]);
    expect(drain(exchange)).toEqual(["body"]);
    exchange.receive(encodeLatin1("bGET"));
    expect(drain(exchange)).toEqual(["body", "end"]);
    expect(state()).toEqual([false, false, true, false, 3]);
    exchange.send(EMPTY);
    exchange.send(END);
    exchange.next();
    expect(state()).toEqual([false, true, true, true, 3]);
  });

  test("a client, step by step", () => {
    const exchange = client();
    const state = () => [
      exchange.isIdle,
      exchange.isInHead,
      exchange.isReceived,
      exchange.isSent,
      exchange.bufferedBytes,
    ];
    expect(state()).toEqual([true, false, true, true, 0]);
    exchange.send({ kind: "request", method: "GET", target: "/", fields: [["Host", "a"]], body: "none" });
    expect(state()).toEqual([false, false, false, false, 0]);
    exchange.send(END);
    expect(state()).toEqual([false, false, false, true, 0]);
    exchange.receive(encodeLatin1("HTTP/1.1 200"));
    exchange.next();
    expect(state()).toEqual([false, true, false, true, 12]);
    exchange.receive(encodeLatin1(" OK\r\nContent-Length: 1\r\n\r\na"));
    expect(drain(exchange)).toEqual(["response", "body", "end"]);
    expect(state()).toEqual([true, false, true, true, 0]);
  });

  test("content is a view into the chunk it came in", () => {
    const chunk = encodeLatin1("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    const exchange = new Exchange("server");
    exchange.receive(chunk);
    exchange.next();
    const event = exchange.next();
    expect(event?.kind === "body" && event.bytes.buffer === chunk.buffer).toBe(true);
  });

  test("the same bytes give the same head object, others another", () => {
    const exchange = new Exchange("server");
    const heads = [GET, GET, GET.replace("/", "/b"), GET].map((text) => {
      exchange.receive(encodeLatin1(text));
      const head = exchange.next();
      exchange.next();
      exchange.send(EMPTY);
      exchange.send(END);
      return head;
    });
    expect(heads[1]).toBe(heads[0]);
    expect(heads.map((head) => head?.kind === "request" && head.rawTarget)).toEqual(["/", "/", "/b", "/"]);
  });

  test("a thousand single bytes that wait are not a thousand arrays, and are read right", () => {
    const exchange = server(GET);
    drain(exchange);
    const next = encodeLatin1(
      `POST /n HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n${"x".repeat(1000)}`,
    );
    for (let at = 0; at < next.length; at += 1) exchange.receive(next.subarray(at, at + 1));
    expect(exchange.bufferedBytes).toBe(next.length);
    exchange.send(EMPTY);
    exchange.send(END);
    const bodies: Uint8Array[] = [];
    for (let event = exchange.next(); event !== undefined; event = exchange.next()) {
      if (event.kind === "body") bodies.push(event.bytes);
    }
    expect(concatBytes(bodies).length).toBe(1000);
    expect(bodies.length).toBeLessThan(40);
  });
});

describe("Exchange.missingBytes", () => {
  const HEAD = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n";

  test("are those of a body of known length, when none waits to be told", () => {
    const exchange = server(HEAD);
    expect(exchange.missingBytes).toBe(0);
    expect(exchange.next()?.kind).toBe("request");
    expect(exchange.missingBytes).toBe(10);
    exchange.receive(encodeLatin1("abcd"));
    expect(exchange.missingBytes).toBe(0);
    exchange.next();
    expect(exchange.missingBytes).toBe(6);
    const rest = encodeLatin1("efghij");
    exchange.receive(rest);
    expect(exchange.next()).toEqual({ kind: "body", bytes: rest });
    expect(exchange.missingBytes).toBe(0);
    expect(drain(exchange)).toEqual(["end"]);
    expect(exchange.missingBytes).toBe(0);
  });

  test.each([
    ["no body", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a chunked one", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"],
  ])("are not known with %s", (_, text) => {
    const exchange = server(text);
    exchange.next();
    expect(exchange.missingBytes).toBe(0);
  });
});
