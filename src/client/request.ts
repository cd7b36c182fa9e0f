/**
 * The fields of this client's requests (RFC 9110 §10.1, §12.5).
 */
import type { Field } from "../wire/fields.ts";
import type { RequestToSend } from "../wire/message.ts";
import { hostField, type RemoteUrl } from "./origin.ts";

/**
 * A GET or HEAD of `url`, without asking for a coding: what is saved is the file as it is.
 *
 * @param options.fields what this request asks for; each replaces the common field of its name.
 * @param options.ownFields the user's and the route's; each replaces any field of its name, and removes it when it has no value.
 */
export function getRequest(
  url: RemoteUrl,
  userAgent: string,
  options: {
    readonly method: "GET" | "HEAD";
    readonly fields: readonly Field[];
    readonly ownFields: readonly Field[];
  },
): RequestToSend {
  const common: readonly Field[] = [...commonFields(url, userAgent), ["Accept-Encoding", "identity"]];
  const fields = joinFields(joinFields(common, options.fields), options.ownFields);
  return { kind: "request", method: options.method, target: url.target, fields, body: "none" };
}

/**
 * The head of an upload of `sizeBytes` to `url`, in chunks where nobody knows how much it is. A field in `fields` replaces the
 * common one of its name, and removes it when it has no value.
 *
 * @param method PATCH appends to an upload resource, see `upload-resumption`.
 * @param expectation `continue` to be told before the body is sent whether it is wanted (RFC 9110 §10.1.1).
 */
export function uploadRequest(
  url: RemoteUrl,
  method: "PUT" | "POST" | "PATCH",
  options: {
    readonly userAgent: string;
    readonly sizeBytes: number | undefined;
    readonly expectation: "continue" | "none";
    readonly fields: readonly Field[];
  },
): RequestToSend {
  const common: readonly Field[] = [
    ...commonFields(url, options.userAgent),
    ["Accept", "*/*"],
    ["Content-Type", method === "PATCH" ? "application/partial-upload" : "application/octet-stream"],
    ...(options.expectation === "continue" ? [["Expect", "100-continue"] as const] : []),
  ];
  const fields = joinFields(common, options.fields);
  return { kind: "request", method, target: url.target, fields, body: options.sizeBytes ?? "chunked" };
}

/** A request without a body to an upload resource. */
export function uploadResourceRequest(
  url: RemoteUrl,
  method: "HEAD" | "DELETE",
  options: { readonly userAgent: string; readonly fields: readonly Field[] },
): RequestToSend {
  const fields = joinFields(commonFields(url, options.userAgent), options.fields);
  return { kind: "request", method, target: url.target, fields, body: "none" };
}

/** Those of the user's fields that say who he is, and not what becomes of the file: for what belongs to an upload. */
export function withoutRepresentationFields(fields: readonly Field[]): readonly Field[] {
  return fields.filter(([name]) => !/^(?:if|content|repr|want)-/i.test(name));
}

/** What `fields` has replaces what `common` has; a field without a value only removes. */
function joinFields(common: readonly Field[], fields: readonly Field[]): readonly Field[] {
  const names = new Set(fields.map(([name]) => name.toLowerCase()));
  const kept = common.filter(([name]) => !names.has(name.toLowerCase()));
  return [...kept, ...fields.filter(([, value]) => value !== "")];
}

/** Fields of every request; Host comes first (RFC 9110 §7.2). */
function commonFields(url: RemoteUrl, userAgent: string): readonly Field[] {
  return [
    ["Host", hostField(url.origin)],
    ["User-Agent", userAgent],
  ];
}
