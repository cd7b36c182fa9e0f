/**
 * What an upload may do: the choices of the operator and of the request together.
 */
import type { UploadOptions, UploadStore } from "../store/store.ts";

/** Each file of a form stays open until the form is whole. */
export const MAX_FORM_FILES = 250;

export type UploadTerms = {
  readonly uploads: UploadStore;
  /** For the files of one request together. */
  readonly maxBytes: number;
  readonly options: Pick<UploadOptions, "onExist" | "mayReplace">;
};
