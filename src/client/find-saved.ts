/**
 * A refusal because the name is taken says nothing when it is taken by what was sent before, and only the answer to that was lost.
 */
import { discardBody } from "./conversation.ts";
import { digestOfFile } from "./file-digest.ts";
import { throwIfInterrupted } from "./interruption.ts";
import type { LocalFile } from "./local-file.ts";
import { askFacts, factsOf } from "./probe.ts";
import type { Reply, Session } from "./session.ts";
import type { UploadOptions } from "./upload-options.ts";
import { isSameDigest } from "./verify.ts";

/** How servers say that they don't replace what is there. */
const TAKEN: ReadonlySet<number> = new Set([409, 412]);

/**
 * Looks whether the name of `options` is taken by `file`, which may have been saved before.
 *
 * @param facts.refused the answer to what was sent again; what is left of it is read when it stands no more.
 * @returns the answer that shows it, in the place of the refusal; `undefined` when that stands.
 */
export async function findSaved(
  session: Session,
  facts: { readonly options: UploadOptions; readonly file: LocalFile; readonly refused: Reply },
): Promise<Reply | undefined> {
  const { options, file, refused } = facts;
  const { url, signal } = options;
  if (!TAKEN.has(refused.head.status)) return undefined;
  try {
    const reply = await askFacts(session, url, { wantsDigest: true, signal });
    const { sizeBytes, sha256 } = factsOf(reply.head);
    const isSame =
      sizeBytes === file.sizeBytes &&
      sha256 !== undefined &&
      isSameDigest(sha256, await digestOfFile(file, signal));
    await discardBody(session, isSame ? refused : reply);
    return isSame ? reply : undefined;
  } catch {
    throwIfInterrupted("receive", signal);
    return undefined;
  }
}
