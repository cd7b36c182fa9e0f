/**
 * A server that says exactly what a test tells it to, byte by byte, and can cut, reset or go silent at any point. Each
 * connection follows its own script; what the client sent is kept.
 */
import type { Socket } from "bun";

export type Step =
  /** Sends these bytes (Latin-1 text). */
  | { readonly kind: "say"; readonly bytes: Uint8Array }
  /** Waits for the end of the next request's head. */
  | { readonly kind: "hear" }
  /** Waits for so many bytes after the last head. */
  | { readonly kind: "hear-body"; readonly length: number }
  /** Waits until the client has closed its side. */
  | { readonly kind: "hear-end" }
  /** Waits for something in the test. */
  | { readonly kind: "wait"; readonly promise: Promise<unknown> }
  /** Does something in the test. */
  | { readonly kind: "tell"; readonly work: () => void }
  /** FIN. */
  | { readonly kind: "cut" }
  /** RST. */
  | { readonly kind: "reset" };

export const say = (text: string | Uint8Array): Step => ({
  kind: "say",
  bytes: typeof text === "string" ? Buffer.from(text, "latin1") : text,
});
export const hear: Step = { kind: "hear" };
export const hearBody = (length: number): Step => ({ kind: "hear-body", length });
export const hearEnd: Step = { kind: "hear-end" };
export const waitFor = (promise: Promise<unknown>): Step => ({ kind: "wait", promise });
export const tell = (work: () => void): Step => ({ kind: "tell", work });
export const cut: Step = { kind: "cut" };
export const reset: Step = { kind: "reset" };

export type ScriptedServer = {
  readonly port: number;
  /** What came, by connection, as Latin-1 text. */
  readonly received: readonly string[];
  /** How many bytes the kernel has taken of what was to be said, on all connections. */
  readonly saidBytes: number;
  /** Resolves when the client has ended its `index`th connection, or broken it. */
  readonly ended: (index: number) => Promise<void>;
  readonly stop: () => void;
};

/** One client's connection in progress. */
class Conversation {
  text = "";
  saidBytes = 0;
  readonly ended = Promise.withResolvers<void>();
  #isEnded = false;
  #consumed = 0;
  #wake: (() => void) | undefined;
  readonly #socket: Socket<Conversation>;

  constructor(socket: Socket<Conversation>) {
    this.#socket = socket;
  }

  receive(chunk: Buffer): void {
    this.text += chunk.toString("latin1");
    this.wake();
  }

  end(): void {
    this.#isEnded = true;
    this.ended.resolve();
    this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  async follow(script: readonly Step[]): Promise<void> {
    for (const step of script) await this.#perform(step);
  }

  async #perform(step: Step): Promise<void> {
    switch (step.kind) {
      case "say":
        return this.#say(step.bytes);
      case "hear":
        await this.#until(() => this.text.includes("\r\n\r\n", this.#consumed));
        this.#consumed = this.text.indexOf("\r\n\r\n", this.#consumed) + 4;
        return;
      case "hear-body":
        await this.#until(() => this.text.length - this.#consumed >= step.length);
        this.#consumed += step.length;
        return;
      case "hear-end":
        return this.ended.promise;
      case "wait":
        await step.promise;
        return;
      case "tell":
        step.work();
        return;
      case "cut":
        this.#socket.end();
        return;
      case "reset":
        this.#socket.terminate();
    }
  }

  async #say(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length && !this.#isEnded;) {
      const taken = this.#socket.write(bytes, offset, bytes.length - offset);
      if (taken < 0) return;
      offset += taken;
      this.saidBytes += taken;
      if (offset < bytes.length) await this.#change();
    }
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone() && !this.#isEnded) await this.#change();
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }
}

/** Starts a server on a free loopback port: its nth connection follows the nth script; further ones are closed at once. */
export function startScriptedServer(
  scripts: readonly (readonly Step[])[],
  hostname = "127.0.0.1",
): ScriptedServer {
  const conversations: Conversation[] = [];
  const listener = Bun.listen<Conversation>({
    hostname,
    port: 0,
    socket: {
      open(socket) {
        const conversation = new Conversation(socket);
        socket.data = conversation;
        const script = scripts[conversations.push(conversation) - 1];
        if (script === undefined) socket.end();
        else void conversation.follow(script).catch(() => socket.terminate());
      },
      data: (socket, chunk) => socket.data.receive(chunk),
      drain: (socket) => socket.data.wake(),
      close: (socket) => socket.data.end(),
      error: () => {},
    },
  });
  return {
    port: listener.port,
    get received() {
      return conversations.map((conversation) => conversation.text);
    },
    get saidBytes() {
      return conversations.reduce((sum, conversation) => sum + conversation.saidBytes, 0);
    },
    ended: (index) => conversations[index]?.ended.promise ?? Promise.reject(new Error("no such connection")),
    stop: () => listener.stop(true),
  };
}
