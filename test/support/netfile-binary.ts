/**
 * The compiled executable, built once for all tests from the sources as they are, and ways to run it as its users do:
 * as a process of its own, in a folder of its own, with a clean environment.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, join } from "node:path";
import { buildExecutable } from "../../build.ts";
import { listFiles, PROJECT_ROOT } from "./source-files.ts";

// Below node_modules: in no one's way, ignored by git, private to this checkout, and gone with `npm ci`.
const CACHE = join(PROJECT_ROOT, "node_modules", ".cache", "netfile-binary");
const KEEP_MS = 60 * 60 * 1000;
const READY_LIMIT_MS = 20_000;
const RUN_LIMIT_MS = 60_000;

let building: Promise<string> | undefined;

/** Path of the executable; built when the sources have changed since it was built last. */
export function netfileBinary(): Promise<string> {
  building ??= findOrBuild();
  return building;
}

async function findOrBuild(): Promise<string> {
  const folder = join(CACHE, hashSources());
  const path = join(folder, process.platform === "win32" ? "netfile.exe" : "netfile");
  if (existsSync(path)) {
    const now = new Date();
    utimesSync(folder, now, now);
    return path;
  }
  forgetOld();
  // The bytes of a build hold its file's name, so only the folder is temporary.
  const draft = join(CACHE, `draft-${randomUUID()}`);
  mkdirSync(draft, { recursive: true });
  try {
    await buildExecutable({ target: "host", outfile: join(draft, basename(path)) });
    // Another test process may have been faster.
    if (!existsSync(folder)) renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return path;
}

function hashSources(): string {
  const hash = createHash("sha256").update(Bun.version);
  const assets = listFiles("assets").filter((path) => !path.startsWith("assets/sample/"));
  for (const path of [...listFiles("src"), ...assets, "build.ts", "package.json", "package-lock.json"]) {
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(PROJECT_ROOT, path)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

function forgetOld(): void {
  if (!existsSync(CACHE)) return;
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path, { recursive: true, force: true });
  }
}

export type RunOptions = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
};

export type Ran = {
  readonly code: number | null;
  readonly signal: Bun.Subprocess["signalCode"];
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs netfile to its end. */
export async function runNetfile(words: readonly string[], options: RunOptions): Promise<Ran> {
  return runProgram([await netfileBinary(), ...words], options);
}

/** Runs a program to its end, with no environment but PATH, a home in `cwd` and what `options` adds. */
export async function runProgram(command: readonly string[], options: RunOptions): Promise<Ran> {
  const child = Bun.spawn([...command], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(options.cwd), ...options.env },
    stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
    timeout: RUN_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

/** The environment of a run: nothing of the tester's own settings gets in. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, LANG: "C.UTF-8", TZ: "UTC" };
}

export type ServeOptions = {
  /** Where it is started; the served folder unless `words` name another. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
};

type ServerChild = Bun.Subprocess<"ignore", "pipe", "pipe">;

/** A running `netfile serve`, ended by `stop` or at the end of the block (`await using`). */
export class NetfileServer implements AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  readonly #child: ServerChild;
  readonly #printed: Printed;

  private constructor(child: ServerChild, printed: Printed, url: URL) {
    this.#child = child;
    this.#printed = printed;
    this.pid = child.pid;
    this.port = Number(url.port);
    this.url = url.origin;
  }

  /** Takes over a process that was started, and waits until it tells its URL. */
  static async of(child: ServerChild): Promise<NetfileServer> {
    const printed = new Printed([child.stdout, child.stderr]);
    try {
      const [url] = await printed.waitFor(/http:\/\/(?:[\w.]+|\[[0-9a-f:]+\]):\d+/i);
      return new NetfileServer(child, printed, new URL(url));
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** What it has printed on standard output and on standard error, so far. */
  get output(): string {
    return this.#printed.text;
  }

  /** Waits until it has printed something that matches `pattern`. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#printed.waitFor(pattern);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. */
  async ended(): Promise<{
    readonly code: number | null;
    readonly signal: Bun.Subprocess["signalCode"];
    readonly output: string;
  }> {
    await this.#child.exited;
    await this.#printed.done;
    return { code: this.#child.exitCode, signal: this.#child.signalCode, output: this.#printed.text };
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts `netfile serve` on a free port of loopback and waits until it tells its URL. */
export async function startNetfile(words: readonly string[], options: ServeOptions): Promise<NetfileServer> {
  const child = Bun.spawn([await netfileBinary(), "serve", ...words], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(options.cwd), ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return NetfileServer.of(child);
}

/** What a process prints, read as it comes, so that its pipes never fill up. */
class Printed {
  text = "";
  readonly done: Promise<void>;
  #isDone = false;
  readonly #watchers = new Set<() => void>();

  constructor(streams: readonly ReadableStream<Uint8Array<ArrayBuffer>>[]) {
    this.done = this.#collectAll(streams);
  }

  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const fail = (what: string): void =>
      reject(new Error(`${what} ${String(pattern)} was printed:\n${this.text}`));
    const timer = setTimeout(() => fail("Time ran out before"), READY_LIMIT_MS);
    const look = (): void => {
      const found = pattern.exec(this.text);
      if (found !== null) resolve(found);
      else if (this.#isDone) fail("It ended before");
    };
    this.#watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(look);
    });
  }

  async #collectAll(streams: readonly ReadableStream<Uint8Array<ArrayBuffer>>[]): Promise<void> {
    await Promise.all(streams.map((stream) => this.#collect(stream)));
    this.#isDone = true;
    this.#notify();
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      this.#notify();
    }
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
