/**
 * What an upload may do: the choices of the operator and of the request together.
 */
import type { UploadOptions, UploadStore } from "../store/store.ts";

export type UploadTerms = {
  readonly uploads: UploadStore;
  /** For the files of one request together. */
  readonly maxBytes: number;
  readonly options: Pick<UploadOptions, "onExist" | "mayReplace">;
};
