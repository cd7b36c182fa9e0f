/**
 * HTML that is safe to send: the only way from text to a page, so that no name, path or message can become markup.
 */
import { printable } from "../base/printable.ts";

declare const safeHtml: unique symbol;

/** Markup in which everything from outside has been escaped. Made here only. */
export type SafeHtml = { readonly [safeHtml]: true; readonly text: string };

const SPECIAL = /[&<>"'`]/g;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/**
 * Makes markup of a literal template; strings put into it are escaped, for text and for quoted attributes alike.
 *
 * SECURITY: `value` of a string is data. What could steer the reader's eye (controls, bidirectional overrides) is shown
 * escaped, and what could be markup is made harmless.
 */
export function markup(
  literals: TemplateStringsArray,
  ...values: readonly (SafeHtml | string | number)[]
): SafeHtml {
  let text = literals[0] ?? "";
  // A listing calls this for each of its rows: no iterator.
  for (let index = 0; index < values.length; index += 1) {
    text += htmlOf(values[index] ?? "") + (literals[index + 1] ?? "");
  }
  return mark(text);
}

/** Joins markup without anything between. */
export function joinHtml(parts: readonly SafeHtml[]): SafeHtml {
  return mark(parts.map((part) => part.text).join(""));
}

/**
 * Fills the places `{{name}}` of a template; one that has no value is left, for a later call.
 *
 * @param template a file of `assets/`, which is part of this program; never text from outside.
 */
export function fillTemplate(
  template: string | SafeHtml,
  values: Readonly<Record<string, SafeHtml | string>>,
): SafeHtml {
  const source = typeof template === "string" ? template : template.text;
  return mark(
    source.replace(/\{\{(\w+)\}\}/g, (place, name: string) => {
      const value = values[name];
      return value === undefined ? place : htmlOf(value);
    }),
  );
}

/** Splits markup at its place `{{name}}`: what is before it and what is after it. */
export function splitTemplate(
  template: SafeHtml,
  name: string,
): readonly [before: SafeHtml, after: SafeHtml] {
  const place = `{{${name}}}`;
  const start = template.text.indexOf(place);
  if (start === -1) throw new Error(`The template has no place for ${name}`);
  return [mark(template.text.slice(0, start)), mark(template.text.slice(start + place.length))];
}

/** Takes a text of `assets/` (a style sheet, a data: URI) as it is. */
export function embeddedHtml(asset: string): SafeHtml {
  return mark(asset);
}

function htmlOf(value: SafeHtml | string | number): string {
  if (typeof value === "object") return value.text;
  return printable(String(value)).replace(SPECIAL, (character) => ESCAPES[character] ?? "");
}

function mark(text: string): SafeHtml {
  return { text } as SafeHtml;
}
