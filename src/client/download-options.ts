/**
 * What a download is asked to do, and what comes of it.
 */
import type { DigestAlgorithm } from "../semantics/digest.ts";
import type { Field } from "../wire/fields.ts";
import type { Answer } from "./answer.ts";
import type { FolderSyncs } from "./folder-syncs.ts";
import type { RemoteUrl } from "./origin.ts";
import type { Phases, RttSummary, TransferProgress } from "./report.ts";
import type { Checksum } from "./verify.ts";
import type { Pace } from "./pace.ts";

/** Where the content goes. */
export type Destination =
  /** A path given by the user: a folder (the name is then taken from the first URL, never from the server) or a file. */
  | { readonly kind: "path"; readonly path: string }
  /** Handed over as it comes, for standard output. The promise is awaited before more is read from the socket. */
  | { readonly kind: "consumer"; readonly consume: (bytes: Uint8Array) => void | Promise<void> };

export type DownloadOptions = {
  readonly url: RemoteUrl;
  readonly destination: Destination;
  /** Replace a file that is there. */
  readonly force: boolean;
  /** The date that a file gets, in ms since the epoch; that of the answer when it is left out. For a path only. */
  readonly modifiedMs?: number | undefined;
  /** Where the file's new name is noted, of one among many: who gives this finishes it. For a path only. */
  readonly folderSyncs?: FolderSyncs;
  /** What is accepted, where the server has a choice (RFC 9110 §12.5.1); anything unless it is given. */
  readonly accept?: string;
  /** How often in a row, without progress, a failed attempt is followed by another; 0 if left out. */
  readonly retries?: number;
  /** How many connections; `auto` for one, and more where they pay. 1 if left out. For a path only. */
  readonly connections?: number | "auto";
  /** What the content must be, as the user knows it. */
  readonly checksum?: Checksum | undefined;
  /** Fail when neither the server nor the user gives a digest. */
  readonly requireDigest?: boolean;
  /**
   * For the server of `url` only, never for one that it redirects to: credentials, and what the user adds; by default those
   * of the session.
   */
  readonly ownFields?: readonly Field[];
  /** Keeps this transfer, and all others that are given the same, below a rate. */
  readonly pace?: Pace | undefined;
  /** Called once, when the head of the answer that counts has come. */
  readonly onAnswer?: (answer: Answer) => void;
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Told of what does not end the transfer: a retry, a fresh start. One sentence, printable. */
  readonly onNotice?: (text: string) => void;
  /** Ends the transfer with a {@link TransferError}; nothing is left under the final name. */
  readonly signal?: AbortSignal;
};

/**
 * What shows that the content is whole: a digest that was announced, the length or the chunks it is framed in, or
 * nothing, when its end was the connection's. Of a file that was there already: a digest, or its size and date.
 */
export type Proof = DigestAlgorithm | "date" | "length" | "none";

export type DownloadResult = {
  readonly answer: Answer;
  /** Absolute path of what was saved; `undefined` when it went to a consumer. */
  readonly savedPath: string | undefined;
  /** Length of the content. */
  readonly bodyBytes: number;
  readonly phases: Phases;
  readonly proof: Proof;
  /** Whose digest it was, when the proof is one. */
  readonly provenBy: "server" | "user" | undefined;
  /** How often the content was asked for. */
  readonly attempts: number;
  /** So much of it an earlier run had fetched. */
  readonly resumedBytes: number;
  /** So much came over the network in this run. */
  readonly receivedBytes: number;
  /** The most connections that fetched at the same time. */
  readonly connections: number;
  /** Whether the file was there already, so that nothing was fetched. */
  readonly isUnchanged: boolean;
  /** Round-trip times over the transfer; `undefined` where the platform has none. */
  readonly rtt: RttSummary | undefined;
};
