/**
 * Where each of many downloads is saved: a pattern with places for parts of its URL. Whatever a URL holds, the result is a
 * path of plain names below the folder that the user chose.
 */
import { assertNever } from "../base/assert-never.ts";
import { printable } from "../base/printable.ts";
import { parseUrlPath } from "../wire/target.ts";
import { nameFromUrl } from "./destination.ts";
import { cannotSave } from "./disk-error.ts";
import { whyNotHeld } from "./held-name.ts";
import type { Names } from "./local-tree.ts";
import { formatRemoteUrl, pathOf, type RemoteUrl } from "./origin.ts";

export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

/** The places that a template may have, and what stands there. */
export const TEMPLATE_FIELDS = {
  name: "the name that the URL ends with",
  host: "the server's name or address",
  path: "the URL's path, with its folders",
  n: "the number of the URL, from 1",
} as const;

type FieldName = keyof typeof TEMPLATE_FIELDS;

const FIELD = /\{([^{}]*)\}/g;

export class OutputTemplate {
  readonly #template: string;

  /** @throws {TemplateError} when it has an unknown place, or leads out of the folder by itself. */
  constructor(template: string) {
    for (const [, field = ""] of template.matchAll(FIELD)) {
      if (Object.hasOwn(TEMPLATE_FIELDS, field)) continue;
      const known = Object.keys(TEMPLATE_FIELDS).map((name) => `{${name}}`);
      throw new TemplateError(`There is no {${printable(field)}}; use ${known.join(", ")}`);
    }
    if (/[{}]/.test(template.replaceAll(FIELD, ""))) throw new TemplateError("A brace has no partner");
    const bad = template
      .replaceAll(FIELD, "x")
      .split("/")
      .find((name) => whyNotHeld(name) !== undefined);
    if (bad !== undefined)
      throw new TemplateError(
        `"${printable(bad)}" is no name; write a path below the folder, as {host}/{name}`,
      );
    this.#template = template;
  }

  /**
   * The names for the `n`th URL.
   * @throws {TransferError} phase `save` when they would lead elsewhere, or this machine can't hold one of them.
   */
  expand(url: RemoteUrl, n: number): Names {
    const names = this.#template
      .replaceAll(FIELD, (_place, field: string) => valueOf(field as FieldName, url, n))
      .split("/");
    for (const name of names) {
      const reason = whyNotHeld(name);
      // SECURITY: looked at once more when all is put together: "{n}{name}" may be more than its parts.
      if (reason !== undefined) throw cannotSave(formatRemoteUrl(url), reason);
    }
    return names;
  }
}

function valueOf(field: FieldName, url: RemoteUrl, n: number): string {
  switch (field) {
    case "name":
      return nameFromUrl(url);
    case "host":
      return url.origin.host.replaceAll(/[:%]/g, "_");
    case "n":
      return String(n);
    case "path":
      return [...foldersOf(url), nameFromUrl(url)].join("/");
    default:
      return assertNever(field);
  }
}

/** SECURITY: a slash or dots that came percent-encoded stay in their name, which is then none. */
function foldersOf(url: RemoteUrl): Names {
  const path = parseUrlPath(pathOf(url));
  if (path === undefined) throw cannotSave(formatRemoteUrl(url), "its path is not percent-encoded UTF-8");
  const folders = path.isFolder ? path.names : path.names.slice(0, -1);
  for (const name of folders) {
    const reason = whyNotHeld(name);
    if (reason !== undefined) throw cannotSave(formatRemoteUrl(url), reason);
  }
  return folders.map((name) => Array.from(name, (c) => (printable(c) === c ? c : "_")).join(""));
}
