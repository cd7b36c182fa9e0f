/**
 * What is remembered of a large upload while it is under way, so that the next run of the same command goes on where this one was
 * ended: where on the server it goes on, and which version of which file it sends. It lies in the user's state folder, since the
 * file's own may be read-only.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { isJsonObject } from "../base/json-object.ts";
import type { FileIdentity, LocalFile } from "./local-file.ts";
import { formatRemoteUrl, parseRemoteUrl, type RemoteUrl } from "./origin.ts";
import { PartLock } from "./part-lock.ts";
import { isSameOrigin } from "./redirect.ts";
import { removeWhole, writeWhole } from "./write-whole.ts";

/** What an earlier run has left. */
export type EarlierUpload = {
  /** Where the upload goes on. */
  readonly resource: RemoteUrl;
  /** Whether the file is still the one that it was made of. */
  readonly isSameFile: boolean;
};

export type UploadSubject = {
  readonly file: LocalFile;
  readonly url: RemoteUrl;
  readonly method: "PUT" | "POST";
};

const VERSION = 1;
/** Servers keep what was begun for a day or some; what is older is of no use. */
const LIFE_MS = 7 * 86_400_000;

export class UploadRecord {
  readonly #subject: UploadSubject;
  readonly #folder: string;
  readonly #path: string;
  readonly #source: string;
  readonly #lock: PartLock;
  readonly #clock: Clock;

  private constructor(folder: string, subject: UploadSubject, clock: Clock) {
    this.#subject = subject;
    this.#folder = folder;
    this.#clock = clock;
    this.#source = realpathSync(subject.file.path);
    const key = `${subject.method}\n${formatRemoteUrl(subject.url)}\n${this.#source}`;
    const base = join(folder, new Bun.CryptoHasher("sha256").update(key).digest("hex").slice(0, 32));
    this.#path = `${base}.json`;
    this.#lock = PartLock.take(`${base}.lock`, this.#path);
  }

  /**
   * Opens the record for an upload.
   * @param stateFolder where the user's state lives.
   * @returns `undefined` where nothing can be remembered, or another run is sending the same.
   */
  static open(stateFolder: string, subject: UploadSubject, clock: Clock): UploadRecord | undefined {
    const folder = join(stateFolder, "netfile", "uploads");
    try {
      // SECURITY: whoever knows the address of an unfinished upload can go on with it, or end it.
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return new UploadRecord(folder, subject, clock);
    } catch {
      return undefined;
    }
  }

  /** Reads what an earlier run has left; `undefined` when it is nothing that can be used. */
  read(): EarlierUpload | undefined {
    try {
      return this.#check(JSON.parse(readFileSync(this.#path, "utf8")));
    } catch {
      return undefined;
    }
  }

  /** Remembers that the upload goes on at `resource`; and forgets what is too old. @returns whether it could. */
  write(resource: RemoteUrl): boolean {
    const { file, url, method } = this.#subject;
    const entry = {
      version: VERSION,
      url: formatRemoteUrl(url),
      method,
      resource: formatRemoteUrl(resource),
      source: { path: this.#source, ...file.identity },
      madeMs: this.#clock.nowMs(),
    };
    try {
      writeWhole(this.#path, `${JSON.stringify(entry)}\n`, "disk");
    } catch {
      return false;
    }
    this.#sweep();
    return true;
  }

  /** Forgets the upload. Never throws. */
  remove(): void {
    removeWhole(this.#path);
  }

  /** Lets another run have it. Never throws. */
  release(): void {
    this.#lock.release();
  }

  #check(value: unknown): EarlierUpload | undefined {
    if (!isJsonObject(value) || value["version"] !== VERSION || !isJsonObject(value["source"]))
      return undefined;
    const { resource, madeMs, source } = value;
    if (typeof resource !== "string" || typeof madeMs !== "number") return undefined;
    if (Math.abs(this.#clock.nowMs() - madeMs) > LIFE_MS) return undefined;
    const url = parseRemoteUrl(resource);
    // SECURITY: the file goes to the server that the user has named, whatever stands in the record.
    if (!isSameOrigin(url, this.#subject.url)) return undefined;
    return { resource: url, isSameFile: isIdentity(source, this.#subject.file.identity) };
  }

  /** Also what was left by runs that were ended while they wrote. */
  #sweep(): void {
    try {
      for (const name of readdirSync(this.#folder)) {
        const path = join(this.#folder, name);
        const isOld = this.#clock.nowMs() - statSync(path).mtimeMs > LIFE_MS;
        if (isOld && !path.startsWith(this.#path.slice(0, -".json".length))) unlinkSync(path);
      }
    } catch {
      // The next time.
    }
  }
}

function isIdentity(source: Readonly<Record<string, unknown>>, identity: FileIdentity): boolean {
  return Object.entries(identity).every(([key, value]) => source[key] === value);
}
