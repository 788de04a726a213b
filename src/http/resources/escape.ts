/**
 * Text in HTML. Owns: one function.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;',
}

/** Text as it can stand anywhere in HTML, in quoted attributes too. */
export function escapeHTML(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!)
}
