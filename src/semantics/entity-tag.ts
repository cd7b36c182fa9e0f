/**
 * Entity tags (RFC 9110 §8.8.3) and their two comparisons.
 */

/** An entity tag; `opaque` is the text between the quotes. */
export type EntityTag = { readonly isWeak: boolean; readonly opaque: string };

// etagc = %x21 / %x23-7E / obs-text: there are no escapes in it, a backslash is a character like others.
const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
const NEXT_ENTITY_TAG = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,|$)/y;
const EMPTY_ELEMENTS = /[ \t,]*/y;

/**
 * Reads one entity tag, such as `"xyzzy"` or `W/"xyzzy"` (RFC 9110 §8.8.3).
 * @returns `undefined` when `text` is anything else; the weakness mark is case-sensitive.
 */
export function parseEntityTag(text: string): EntityTag | undefined {
  const match = ENTITY_TAG.exec(text);
  return match === null ? undefined : { isWeak: match[1] !== undefined, opaque: match[2] ?? "" };
}

/**
 * Reads the value of If-Match or If-None-Match (RFC 9110 §13.1.1, §13.1.2); empty elements of the list are
 * passed over (§5.6.1.2).
 * @returns `"*"`, or the tags (at least one); `undefined` when any element is malformed.
 */
export function parseEntityTagList(text: string): readonly EntityTag[] | "*" | undefined {
  if (text === "*") return "*";
  const tags: EntityTag[] = [];
  let position = skipEmptyElements(text, 0);
  while (position < text.length) {
    NEXT_ENTITY_TAG.lastIndex = position;
    const match = NEXT_ENTITY_TAG.exec(text);
    if (match === null) return undefined;
    tags.push({ isWeak: match[1] !== undefined, opaque: match[2] ?? "" });
    position = skipEmptyElements(text, NEXT_ENTITY_TAG.lastIndex);
  }
  return tags.length === 0 ? undefined : tags;
}

/** Writes `tag` as a field value: `"xyzzy"` or `W/"xyzzy"` (RFC 9110 §8.8.3). */
export function formatEntityTag(tag: EntityTag): string {
  return tag.isWeak ? `W/"${tag.opaque}"` : `"${tag.opaque}"`;
}

/** Whether both are strong and the same, character by character (RFC 9110 §8.8.3.2). */
export function matchesStrongly(a: EntityTag, b: EntityTag): boolean {
  return !a.isWeak && !b.isWeak && a.opaque === b.opaque;
}

/** Whether both are the same, weak or not (RFC 9110 §8.8.3.2). */
export function matchesWeakly(a: EntityTag, b: EntityTag): boolean {
  return a.opaque === b.opaque;
}

function skipEmptyElements(text: string, position: number): number {
  EMPTY_ELEMENTS.lastIndex = position;
  EMPTY_ELEMENTS.test(text);
  return EMPTY_ELEMENTS.lastIndex;
}
