/**
 * A proxy that stands between a client and a server and does what networks, caches and enemies do: it cuts, stalls,
 * drips, delays, flips bits, and changes heads. One request per connection.
 */
import type { Socket } from "bun";

/** What becomes of one request and its answer; nothing of it: it passes through. */
export type Trick = {
  /** Answers itself, with these bytes (Latin-1 text), and closes. */
  readonly answer?: string;
  /** Changes the request's head. */
  readonly request?: (head: string) => string;
  /** Changes the answer's head. */
  readonly response?: (head: string) => string;
  /** Closes after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Closes by RST instead of FIN. */
  readonly isReset?: boolean;
  /** Says nothing more after so many bytes of the body. */
  readonly stallAfter?: number;
  /** After so many bytes of the body, says one byte every 20 ms. */
  readonly dripAfter?: number;
  /** Flips the lowest bit of the byte at this offset in the body. */
  readonly flipAt?: number;
  /** Waits so long before the answer begins. */
  readonly delayMs?: number;
};

export type HeardRequest = {
  readonly index: number;
  readonly head: string;
  readonly range: string | undefined;
};

export type HostileProxy = {
  readonly port: number;
  readonly requests: readonly HeardRequest[];
  /** Bytes of bodies that the kernel has taken. */
  readonly bodyBytes: number;
  readonly stop: () => void;
};

/** Starts a proxy before the server on loopback `port`; `choose` says what to do with each request. */
export function startHostileProxy(
  port: number,
  choose: (request: HeardRequest) => Trick,
  listenPort = 0,
): HostileProxy {
  const requests: HeardRequest[] = [];
  const relays = new Set<Relay>();
  const listener = Bun.listen<Relay>({
    hostname: "127.0.0.1",
    port: listenPort,
    socket: {
      open(socket) {
        socket.data = new Relay(socket, port, (head) => {
          const range = /^range: *bytes=(\S+)/im.exec(head)?.[1];
          const request = { index: requests.length, head, range };
          requests.push(request);
          return choose(request);
        });
        relays.add(socket.data);
      },
      data: (socket, chunk) => socket.data.hear(chunk),
      drain: (socket) => socket.data.pump(),
      close: (socket) => socket.data.end(),
      error: () => {},
    },
  });
  return {
    port: listener.port,
    requests,
    get bodyBytes() {
      return [...relays].reduce((sum, relay) => sum + relay.bodyBytes, 0);
    },
    stop() {
      for (const relay of relays) relay.end();
      listener.stop(true);
    },
  };
}

class Relay {
  bodyBytes = 0;
  readonly #client: Socket<Relay>;
  readonly #upstreamPort: number;
  readonly #choose: (head: string) => Trick;
  #upstream: Socket | undefined;
  #trick: Trick | undefined;
  #heard = "";
  #head = Buffer.alloc(0);
  #isHeadSaid = false;
  #queue: Buffer[] = [];
  #bodyOffset = 0;
  #isUpstreamOver = false;
  #isEnded = false;
  #isDripping = false;
  #isHeadWhole = false;

  constructor(client: Socket<Relay>, upstreamPort: number, choose: (head: string) => Trick) {
    this.#client = client;
    this.#upstreamPort = upstreamPort;
    this.#choose = choose;
  }

  hear(chunk: Buffer): void {
    this.#heard += chunk.toString("latin1");
    if (this.#trick !== undefined || !this.#heard.includes("\r\n\r\n")) return;
    const trick = this.#choose(this.#heard);
    this.#trick = trick;
    setTimeout(() => void this.#begin(trick).catch(() => this.end()), trick.delayMs ?? 0);
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#upstream?.terminate();
    this.#client.terminate();
  }

  /** Says as much as the client takes and the trick allows. */
  pump(): void {
    const trick = this.#trick ?? {};
    for (let chunk = this.#queue[0]; chunk !== undefined && !this.#isEnded; chunk = this.#queue[0]) {
      const limit = Math.min(
        trick.cutAfter ?? Infinity,
        trick.stallAfter ?? Infinity,
        trick.dripAfter ?? Infinity,
      );
      const length = this.#isHeadSaid ? Math.min(chunk.length, limit - this.bodyBytes) : chunk.length;
      if (length <= 0) return this.#misbehave(trick);
      const taken = this.#client.write(chunk, 0, length);
      if (taken < 0) return this.end();
      this.#count(taken);
      if (taken === chunk.length) this.#queue.shift();
      else this.#queue[0] = chunk.subarray(taken);
      if (taken < length) return;
    }
    if (trick.cutAfter !== undefined && this.bodyBytes >= trick.cutAfter) return this.#misbehave(trick);
    if (this.#isUpstreamOver && this.#queue.length === 0 && !this.#isEnded) this.#client.end();
    else this.#upstream?.resume();
  }

  #count(taken: number): void {
    if (this.#isHeadSaid) this.bodyBytes += taken;
    else if (taken > 0) this.#isHeadSaid = true;
  }

  #misbehave(trick: Trick): void {
    if (trick.cutAfter !== undefined && this.bodyBytes >= trick.cutAfter) {
      this.#isEnded = true;
      this.#upstream?.terminate();
      if (trick.isReset === true) this.#client.terminate();
      else this.#client.end();
      return;
    }
    if (trick.dripAfter === undefined || this.#isDripping) return;
    this.#isDripping = true;
    void this.#drip();
  }

  async #drip(): Promise<void> {
    while (!this.#isEnded && this.#queue.length > 0) {
      const [chunk = Buffer.alloc(0)] = this.#queue;
      if (this.#client.write(chunk, 0, 1) < 0) return;
      this.bodyBytes += 1;
      this.#queue[0] = chunk.subarray(1);
      await Bun.sleep(20);
    }
  }

  async #begin(trick: Trick): Promise<void> {
    if (trick.answer !== undefined) {
      this.#queue.push(Buffer.from(trick.answer, "latin1"));
      this.#isUpstreamOver = true;
      return this.pump();
    }
    const head = this.#heard
      .replace(/\r\n\r\n$/, "\r\nConnection: close\r\n\r\n")
      .replace(/^Connection: TE\r\n/m, "");
    const closing = head.replace(
      /Connection: close/,
      /^TE:/im.test(head) ? "Connection: close, TE" : "Connection: close",
    );
    this.#upstream = await Bun.connect({
      hostname: "127.0.0.1",
      port: this.#upstreamPort,
      socket: {
        open: (socket) => {
          socket.write(trick.request?.(closing) ?? closing);
        },
        data: (_socket, chunk) => this.#relay(chunk, trick),
        close: () => {
          this.#isUpstreamOver = true;
          this.pump();
        },
        error: () => {},
      },
    });
  }

  #relay(chunk: Buffer, trick: Trick): void {
    if (this.#isEnded) return;
    if (!this.#isHeadWhole) return this.#relayHead(chunk, trick);
    const { flipAt } = trick;
    if (flipAt !== undefined && flipAt >= this.#bodyOffset && flipAt < this.#bodyOffset + chunk.length) {
      chunk[flipAt - this.#bodyOffset]! ^= 1;
    }
    this.#bodyOffset += chunk.length;
    this.#queue.push(chunk);
    if (this.#queue.length > 8) this.#upstream?.pause();
    this.pump();
  }

  #relayHead(chunk: Buffer, trick: Trick): void {
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    this.#isHeadWhole = true;
    const head = this.#head.subarray(0, end + 4).toString("latin1");
    this.#queue.push(Buffer.from(trick.response?.(head) ?? head, "latin1"));
    this.pump();
    const rest = this.#head.subarray(end + 4);
    if (rest.length > 0) this.#relay(rest, trick);
  }
}
