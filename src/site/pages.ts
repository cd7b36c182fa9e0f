/**
 * The pages that are embedded in the program, and what may run in them: nothing. They are embedded as files and read when the
 * first answer needs them: as text, an executable would load each of them as a module when it starts.
 */
import { readFileSync } from "node:fs";
import defaultPagePath from "../../assets/default-page.html" with { type: "file" };
import errorPath from "../../assets/error.html" with { type: "file" };
import iconPath from "../../assets/icon.png" with { type: "file" };
import iconSvgPath from "../../assets/icon.svg" with { type: "file" };
import listingPath from "../../assets/listing.html" with { type: "file" };
import stylePath from "../../assets/page.css" with { type: "file" };
import formPath from "../../assets/upload-form.html" with { type: "file" };
import { encodeUtf8 } from "../base/bytes.ts";
import { once } from "../base/once.ts";
import type { Field } from "../wire/fields.ts";
import { embeddedHtml, fillTemplate, markup, type SafeHtml } from "./safe-html.ts";

/** Content-Type of our own pages. */
export const HTML_TYPE: Field = ["Content-Type", "text/html; charset=utf-8"];

/**
 * The policy of our own pages: this one style sheet, images that are in the page, forms to ourselves, and nothing else.
 * SECURITY: should a name ever get through as markup, it could run nothing and load nothing.
 */
export const contentSecurityPolicy = once((): Field => {
  const directives = [
    "default-src 'none'",
    `style-src 'sha256-${new Bun.CryptoHasher("sha256").update(style()).digest("base64")}'`,
    "img-src data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return ["Content-Security-Policy", directives.join("; ")];
});

// SECURITY: no Referrer-Policy of `no-referrer` on these pages: browsers would then send `Origin: null` with our own form.

const style = once(() => readAsset(stylePath));

const common = once(() => ({
  style: embeddedHtml(style()),
  icon: embeddedHtml(`data:image/svg+xml;base64,${readFileSync(iconSvgPath, "base64")}`),
}));

/** The listing, with places for `title`, `trail`, `note`, `upload`, `columns`, `rows`, `summary` and `pager`. */
export const listingTemplate = once((): SafeHtml => fillTemplate(readAsset(listingPath), common()));

/** The form that uploads from a listing, with places for `action`, `accept` and `hint`. */
export const uploadFormTemplate = once((): SafeHtml => fillTemplate(readAsset(formPath), {}));

/** The page of a person who asked for what isn't there: what this is, and where to go. */
export const defaultPage = once((): Uint8Array =>
  encodeUtf8(fillTemplate(readAsset(defaultPagePath), common()).text),
);

const errorTemplate = once(() => fillTemplate(readAsset(errorPath), common()));

export type ErrorText = {
  readonly status: number;
  readonly reason: string;
  readonly text: string;
  /** Address of the folder to go back to, where it is not the root. */
  readonly back: string | undefined;
};

/** The page of any other error. */
export function errorPage({ status, reason, text, back }: ErrorText): Uint8Array {
  const page = fillTemplate(errorTemplate(), {
    status: `${status} ${reason}`,
    text,
    back: back === undefined ? markup`` : markup`<a href="${back}">Back to the folder</a> · `,
  });
  return encodeUtf8(page.text);
}

/** The icon as a PNG file, for browsers that ask for `/favicon.ico`. */
export const iconBytes = once((): Uint8Array => readFileSync(iconPath));

/** Reads a file of `assets/`: from memory, where it is part of the executable. The platform's types take every `.html` for a bundle. */
function readAsset(path: unknown): string {
  if (typeof path !== "string") throw new Error("A page is not embedded as a file");
  return readFileSync(path, "utf8");
}
