/** A client that says bytes and hears bytes: for what no well-behaved client would send. */
import type { Socket } from "bun";

export type RawAnswer = {
  readonly status: number;
  /** Status line and fields, without the empty line. */
  readonly head: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

/** How the server ended the connection. */
export type RawEnd = "open" | "fin" | "reset";

export class RawClient {
  /** What has come is `#room[0, #length)`; it grows by doubling, so that many small chunks cost no more than few. */
  #room = Buffer.alloc(64 * 1024);
  #length = 0;
  readonly #waiting = new Set<() => void>();
  #socket: Socket | undefined;
  #end: RawEnd = "open";

  static async connect(port: number, hostname = "127.0.0.1"): Promise<RawClient> {
    const client = new RawClient();
    client.#socket = await Bun.connect({
      hostname,
      port,
      allowHalfOpen: true,
      socket: {
        data: (_socket, chunk) => client.#note(() => client.#take(chunk)),
        end: () => client.#note(() => (client.#end = "fin")),
        close: (_socket, error) => client.#note(() => client.#noteClose(error)),
        error: () => {},
      },
    });
    return client;
  }

  /** Sends `text` as Latin-1; waits for room when the kernel is full. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    for (let sent = 0; sent < bytes.length;) {
      const taken = this.#open.write(bytes, sent, bytes.length - sent);
      if (taken < 0) return;
      sent += taken;
      if (taken === 0) await Bun.sleep(1);
    }
  }

  /** FIN; the server may still answer. */
  halfClose(): void {
    this.#open.shutdown();
  }

  pause(): void {
    this.#open.pause();
  }

  resume(): void {
    this.#open.resume();
  }

  close(): void {
    this.#socket?.terminate();
  }

  get received(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  get end(): RawEnd {
    return this.#end;
  }

  /** Waits until `isEnough` holds of what has come, or the server has closed, or `timeoutMs` has passed (throws). */
  async until(isEnough: (received: Buffer) => boolean, timeoutMs = 5000): Promise<Buffer> {
    const deadline = Date.now() + timeoutMs;
    while (!isEnough(this.received) && this.#end === "open") {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0)
        throw new Error(`Timed out; received: ${JSON.stringify(this.received.toString("latin1"))}`);
      await this.#something(leftMs);
    }
    return this.received;
  }

  /** Everything until the server closes. */
  async untilClosed(timeoutMs = 5000): Promise<Buffer> {
    return this.until(() => false, timeoutMs);
  }

  /** Waits for `count` whole answers (by Content-Length or chunks; bodies of HEAD are not understood). */
  async answers(count: number, timeoutMs = 5000): Promise<readonly RawAnswer[]> {
    await this.until((received) => parseAnswers(received).length >= count, timeoutMs);
    return parseAnswers(this.received);
  }

  get #open(): Socket {
    if (this.#socket === undefined) throw new Error("not connected");
    return this.#socket;
  }

  #take(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafe(2 * length);
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    this.#room.set(chunk, this.#length);
    this.#length = length;
  }

  #noteClose(error: Error | undefined | null): void {
    if (this.#end === "open") this.#end = error === undefined || error === null ? "fin" : "reset";
  }

  #note(change: () => unknown): void {
    change();
    for (const wake of this.#waiting) wake();
  }

  async #something(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}

/** Reads the whole answers at the beginning of `bytes`; interim ones (1xx) count too, without a body. */
export function parseAnswers(bytes: Buffer): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = bytes; ;) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) return answers;
    const head = rest.subarray(0, headEnd).toString("latin1");
    const fields = parseFields(head);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    const after = rest.subarray(headEnd + 4);
    const body = readBody(after, status, fields);
    if (body === undefined) return answers;
    answers.push({ status, head, fields, body: body.content });
    rest = after.subarray(body.length);
  }
}

function parseFields(head: string): Map<string, string> {
  const lines = head.split("\r\n").slice(1);
  return new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
}

function readBody(bytes: Buffer, status: number, fields: ReadonlyMap<string, string>) {
  if (status < 200 || status === 204 || status === 304) return { content: Buffer.alloc(0), length: 0 };
  if (fields.get("transfer-encoding") === "chunked") return readChunks(bytes);
  const length = Number(fields.get("content-length") ?? 0);
  return bytes.length < length ? undefined : { content: bytes.subarray(0, length), length };
}

function readChunks(bytes: Buffer): { content: Buffer; length: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    if (size === 0) {
      const end = bytes.indexOf("\r\n\r\n", lineEnd);
      return end < 0 ? undefined : { content: Buffer.concat(chunks), length: end + 4 };
    }
    if (bytes.length < lineEnd + 2 + size + 2) return undefined;
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
