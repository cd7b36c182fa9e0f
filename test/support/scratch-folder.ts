/**
 * A folder of a test's own, gone at its end: `using folder = new ScratchFolder();`.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export class ScratchFolder implements Disposable {
  readonly path: string;

  /** @param files names (with folders) and contents to begin with. */
  constructor(files: Readonly<Record<string, string | Uint8Array>> = {}) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), "netfile-test-")));
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  /** Path of `name` in this folder. */
  at(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file, with the folders on the way. Returns its path. */
  write(name: string, content: string | Uint8Array): string {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), content);
    return this.at(name);
  }

  text(name: string): string {
    return readFileSync(this.at(name), "utf8");
  }

  bytes(name: string): Buffer {
    return readFileSync(this.at(name));
  }

  has(name: string): boolean {
    return existsSync(this.at(name));
  }

  /** The names in it, hidden ones too, sorted. */
  names(folder = "."): readonly string[] {
    return readdirSync(this.at(folder)).sort();
  }

  /** Every file and folder below, hidden ones too, sorted: `sub`, `sub/a.txt`. */
  tree(): readonly string[] {
    return readdirSync(this.path, { recursive: true, encoding: "utf8" }).sort();
  }

  folder(name: string): string {
    mkdirSync(this.at(name), { recursive: true });
    return this.at(name);
  }

  remove(name: string): void {
    rmSync(this.at(name), { recursive: true });
  }

  chmod(name: string, mode: number): void {
    chmodSync(this.at(name), mode);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** SHA-256 in hex digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that no compression shrinks and that differ everywhere; the same ones for the same `seed`. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed | 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}
