/**
 * A server under measurement: started, waited for, asked what it costs, and ended.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readUsage } from "./process-usage.ts";
import type { Usage } from "./process-usage.ts";
import type { Place, ServerKind } from "./server-kinds.ts";

const READY_LIMIT_MS = 10_000;
const END_LIMIT_MS = 3000;

export class RunningServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly #child: Bun.Subprocess<"ignore", "ignore", "ignore">;
  static readonly #alive = new Set<RunningServer>();

  private constructor(kind: ServerKind, port: number, child: Bun.Subprocess<"ignore", "ignore", "ignore">) {
    this.kind = kind;
    this.port = port;
    this.#child = child;
    RunningServer.#alive.add(this);
  }

  /** Ends all that were started, at once. */
  static killAll(): void {
    // Not SIGKILL: nginx's master would leave its worker behind.
    for (const server of RunningServer.#alive) server.#child.kill("SIGTERM");
  }

  /** Starts it and waits until it answers. Rejects when it doesn't within ten seconds. */
  static async start(kind: ServerKind, options: Omit<Place, "port">): Promise<RunningServer> {
    const server = RunningServer.spawn(kind, options);
    await server.#answered("/1k/0.txt").catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    return server;
  }

  /** Starts it without waiting. */
  static spawn(kind: ServerKind, options: Omit<Place, "port">): RunningServer {
    const place = { ...options, port: freePort() };
    mkdirSync(place.scratch, { recursive: true });
    for (const [name, text] of Object.entries(kind.files?.(place) ?? {})) {
      writeFileSync(join(place.scratch, name), text);
    }
    const child = Bun.spawn([...kind.command(place)], {
      cwd: place.scratch,
      env: { PATH: process.env["PATH"] ?? "", HOME: place.scratch, ...kind.environment },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    return new RunningServer(kind, place.port, child);
  }

  get name(): string {
    return this.kind.name;
  }

  usage(): Usage {
    return readUsage(this.#child.pid);
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async #answered(path: string): Promise<void> {
    const limit = performance.now() + READY_LIMIT_MS;
    while (!(await asksOnce(this.port, path))) {
      if (this.#child.exitCode !== null)
        throw new Error(`${this.name} has ended with ${this.#child.exitCode}`);
      if (performance.now() > limit) throw new Error(`${this.name} does not answer`);
      await Bun.sleep(5);
    }
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const killing = setTimeout(() => this.#child.kill("SIGKILL"), END_LIMIT_MS);
    await this.#child.exited;
    clearTimeout(killing);
    RunningServer.#alive.delete(this);
  }
}

/** One request on a connection of its own: whether the beginning of an answer came. */
export function asksOnce(port: number, path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) =>
        void socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`),
      data(socket, chunk) {
        resolve(chunk.toString("latin1", 0, 5) === "HTTP/");
        socket.end();
      },
      close: () => resolve(false),
      error: () => resolve(false),
    },
  }).catch(() => resolve(false));
  return promise;
}

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
