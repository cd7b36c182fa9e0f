/**
 * Plays bytes to an exchange in one role, cut in whatever way, and writes down what it tells: every parser case is
 * played whole, byte by byte and with bytes after it, and must come to the same.
 */
import { expect } from "bun:test";
import { concatBytes, decodeLatin1, encodeLatin1 } from "../../src/base/bytes.ts";
import { Exchange, type WireLimits } from "../../src/wire/exchange.ts";
import type { InformationalHead, RequestHead, ResponseHead, WireEvent } from "../../src/wire/message.ts";
import { ProtocolError } from "../../src/wire/protocol-error.ts";

/** What an exchange told; content that came in several events is one. */
export type Told = readonly ToldEvent[];

export type Pairs = readonly (readonly [string, string])[];

/** Events as plain values: what `Fields` keeps private could not be compared. */
export type ToldEvent =
  | (Omit<RequestHead, "fields"> & { readonly fields: Pairs })
  | (Omit<ResponseHead, "fields"> & { readonly fields: Pairs })
  | (Omit<InformationalHead, "fields"> & { readonly fields: Pairs })
  | { readonly kind: "closed" }
  | { readonly kind: "body"; readonly text: string }
  | { readonly kind: "end"; readonly trailers: Pairs }
  | { readonly kind: "error"; readonly status: number; readonly message: string };

/** How to play: who reads, with what limits, whether the peer closes at the end, and what a client has asked. */
export type Play = {
  readonly role?: "server" | "client";
  readonly limits?: WireLimits;
  readonly isEnded?: boolean;
  readonly method?: string;
};

/** Plays `chunks`. A server answers every request at once with an empty 404, so that pipelined requests are told too. */
export function play(chunks: readonly Uint8Array[], options: Play = {}): Told {
  const exchange = new Exchange(options.role ?? "server", options.limits);
  const told: ToldEvent[] = [];
  if (options.role === "client") ask(exchange, options.method ?? "GET");
  try {
    for (const chunk of chunks) {
      exchange.receive(chunk);
      tell(exchange, told);
    }
    if (options.isEnded === true) {
      exchange.receiveEnd();
      tell(exchange, told);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.blame !== "remote") throw error;
    told.push({ kind: "error", status: error.status, message: error.message });
  }
  return told;
}

export function ask(exchange: Exchange, method = "GET"): void {
  exchange.send({ kind: "request", method, target: "/", fields: [["Host", "a"]], body: "none" });
  exchange.send({ kind: "end" });
}

function tell(exchange: Exchange, told: ToldEvent[]): void {
  for (let event = exchange.next(); event !== undefined; event = exchange.next()) {
    note(event, told);
    if (event.kind !== "request") continue;
    exchange.send(ANSWER);
    exchange.send({ kind: "end" });
  }
}

const ANSWER = { kind: "response", status: 404, fields: [], length: 0 } as const;

function note(event: WireEvent, told: ToldEvent[]): void {
  const last = told.at(-1);
  if (event.kind === "end") told.push({ kind: "end", trailers: [...event.trailers] });
  else if (event.kind === "closed") told.push(event);
  else if (event.kind !== "body") told.push({ ...event, fields: [...event.fields] });
  else if (last?.kind === "body")
    told[told.length - 1] = { kind: "body", text: last.text + decodeLatin1(event.bytes) };
  else told.push({ kind: "body", text: decodeLatin1(event.bytes) });
}

/** Cuts `bytes` into single ones. */
export function byteByByte(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
}

/** Cuts `bytes` at the offsets `cuts`. */
export function cut(bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const sorted = [...new Set(cuts.map((at) => at % (bytes.length + 1)))].sort((a, b) => a - b);
  const bounds = [0, ...sorted, bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index] ?? 0, end));
}

/**
 * Plays `text` whole, byte by byte and in halves, expects the same of all, and returns it. Characters are octets.
 */
export function playEveryWay(text: string, options: Play = {}): Told {
  const bytes = encodeLatin1(text);
  const whole = play([bytes], options);
  expect(play(byteByByte(bytes), options)).toEqual(whole);
  expect(play(cut(bytes, [bytes.length >> 1]), options)).toEqual(whole);
  // A view into a larger array, as sockets give them.
  const roomy = concatBytes([encodeLatin1("??"), bytes, encodeLatin1("??")]);
  expect(play([roomy.subarray(2, roomy.length - 2)], options)).toEqual(whole);
  return whole;
}

/** The kinds of what was told, with the status of an error. */
export function kinds(told: Told): readonly string[] {
  return told.map((event) => (event.kind === "error" ? `error ${event.status}` : event.kind));
}

/** Plays every way, also with bytes after it, and expects it to end with an error of this status and no request before it. */
export function expectRefusal(text: string, status: number, options: Play = {}): void {
  const told = playEveryWay(text, options);
  expect(kinds(told)).toEqual([`error ${status}`]);
  expect(playEveryWay(`${text}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`, options)).toEqual(told);
}

/** Plays every way and expects one request, with its end; returns its head, content and trailers. */
export function expectRequest(text: string, options: Play = {}) {
  const told = playEveryWay(text, options);
  const [head] = told;
  const body = told.find((event) => event.kind === "body");
  const end = told.find((event) => event.kind === "end");
  expect(kinds(told).filter((kind) => kind !== "body")).toEqual(["request", "end"]);
  if (head?.kind !== "request" || end?.kind !== "end") throw new Error("unreachable");
  // What follows is another message, and changes nothing in this one.
  const followed = playEveryWay(`${text}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`, options);
  expect(followed.slice(0, told.length)).toEqual(told as ToldEvent[]);
  return { head, body: body?.kind === "body" ? body.text : "", trailers: end.trailers };
}

/** Plays every way as the answer to `method`, and returns what was told. */
export function playResponse(text: string, options: Omit<Play, "role"> = {}): Told {
  return playEveryWay(text, { ...options, role: "client" });
}

/** What an exchange sent, as text. */
export function textOf(pieces: readonly unknown[]): string {
  return pieces.map((piece) => (piece instanceof Uint8Array ? decodeLatin1(piece) : "<slice>")).join("");
}
