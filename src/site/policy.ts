/**
 * What this site is told to do: the choices of its operator, as plain data.
 */
import type { Field } from "../wire/fields.ts";

export type OnExist = "refuse" | "replace" | "rename";

export type SitePolicy = {
  /** Extensions that may be read and saved, lower case, without the dot; `"all"` lifts the whitelist. */
  readonly allow: "all" | ReadonlySet<string>;
  /** Uploads, or `undefined` for a site that is read only. */
  readonly upload: { readonly maxBytes: number; readonly onExist: OnExist } | undefined;
  /** A page that isn't there is answered 200 with the root's index.html, as single-page applications need. */
  readonly spa: boolean;
  /** Value of Access-Control-Allow-Origin on reads (`*` or an origin); `undefined` for none. */
  readonly cors: string | undefined;
  /** Fields of the operator's own, on every answer. */
  readonly headers: readonly Field[];
  /** Compress text on the fly for clients that accept it. */
  readonly compress: boolean;
};

/** The whitelist of the design card; `.jpeg` and `.htm` are the same types as `.jpg` and `.html`. */
export const DEFAULT_EXTENSIONS: readonly string[] = ["txt", "jpg", "jpeg", "png", "html", "htm"];

export const DEFAULT_POLICY: SitePolicy = {
  allow: new Set(DEFAULT_EXTENSIONS),
  upload: undefined,
  spa: false,
  cors: undefined,
  headers: [],
  compress: true,
};
