/**
 * Checks a body against the digest that its head announced (RFC 9530; before that RFC 3230).
 */
import { asBuffer } from "../base/bytes.ts";
import { parseDigestField, parseLegacyDigest } from "../semantics/digest.ts";
import type { Fields } from "../wire/fields.ts";
import { TransferError } from "./transfer-error.ts";

/** Asks for the digest that is checked; a server that has none just leaves it out. */
export const WANT_DIGEST = ["Want-Repr-Digest", "sha-256=1"] as const;

export class DigestCheck {
  readonly #announced: Uint8Array;
  readonly #hasher = new Bun.CryptoHasher("sha256");

  private constructor(announced: Uint8Array) {
    this.#announced = announced;
  }

  /**
   * The check for the whole content of an answer in no coding, for which all these fields mean the same.
   * @returns `undefined` when no SHA-256 digest is announced, or none that can be read.
   */
  static announcedIn(fields: Fields): DigestCheck | undefined {
    const announced =
      sha256Of(fields.get("repr-digest")) ??
      sha256Of(fields.get("content-digest")) ??
      parseLegacyDigest(fields.get("digest") ?? "");
    return announced === undefined ? undefined : new DigestCheck(announced);
  }

  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** @throws {TransferError} phase `verify` when what came is not what was announced. */
  finish(): void {
    if (asBuffer(this.#announced).equals(this.#hasher.digest())) return;
    throw new TransferError(
      "verify",
      "What arrived is not what the server announced: its SHA-256 digest differs; nothing was saved, try again",
      { isRetryable: true },
    );
  }
}

function sha256Of(value: string | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const parsed = parseDigestField(value);
  return parsed.kind === "digests" ? parsed.digests.get("sha-256") : undefined;
}
