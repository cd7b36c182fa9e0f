/**
 * The digest of a local file: for a server that got it in pieces (RFC 9530 §3), and to compare it with a server's.
 */
import { nextTurn } from "../base/turn.ts";
import { formatDigestField } from "../semantics/digest.ts";
import type { Field } from "../wire/fields.ts";
import { throwIfInterrupted } from "./interruption.ts";
import type { LocalFile } from "./local-file.ts";

/** So much is hashed before others have their turn, about 1 ms, and signals are heard. */
const READ_BYTES = 1024 * 1024;

/**
 * Reads `file` to its end.
 * @returns its SHA-256. @throws {TransferError} phase `read` when it is interrupted, or the file has changed.
 */
export async function digestOfFile(file: LocalFile, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const hasher = new Bun.CryptoHasher("sha256");
  const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, file.sizeBytes));
  for (let position = 0; position < file.sizeBytes;) {
    const count = file.read(buffer, position);
    if (count === 0) break;
    hasher.update(buffer.subarray(0, count));
    position += count;
    await nextTurn();
    throwIfInterrupted("read", signal);
  }
  file.throwIfChanged();
  return hasher.digest();
}

/** The field that tells a server what it is to have in the end (RFC 9530 §3). @throws {TransferError} as {@link digestOfFile}. */
export async function reprDigestOf(file: LocalFile, signal: AbortSignal | undefined): Promise<Field> {
  return ["Repr-Digest", formatDigestField("sha-256", await digestOfFile(file, signal))];
}
