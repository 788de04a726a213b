/**
 * Small pages: errors, and where something else is.
 *
 * Owns: their markup. Must not know: why.
 */
import { REASON_PHRASES } from '../messages.js'
import type { ServerResponse } from '../server/response.js'
import { escapeHTML } from './escape.js'

export const HTML = 'text/html; charset=utf-8'

/**
 * Answers with an error, and ends the response. Fields that were set for what would have been answered are the
 * caller's.
 * @param brief the heading; the status' own phrase if not given
 * @param detail a sentence more
 */
export function errorPage(response: ServerResponse, status: number, brief?: string, detail?: string): void {
  const title = brief ?? REASON_PHRASES[status] ?? 'Error'
  sendPage(response, status, `${status} ${title}`, detail === undefined ? '' : `<p>${escapeHTML(detail)}</p>\n`)
}

/** Answers with the address of something else, and ends the response. */
export function redirectPage(response: ServerResponse, status: number, location: string): void {
  const target = encodeLocation(location)
  response.headers.set('Location', target)
  const title = REASON_PHRASES[status] ?? 'Redirection'
  sendPage(response, status, title, `<p>It is <a href="${escapeHTML(target)}">here</a>.</p>\n`)
}

function sendPage(response: ServerResponse, status: number, title: string, content: string): void {
  response.status = status
  response.headers.set('Content-Type', HTML)
  response.end(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHTML(title)}</title></head>
<body>
<h1>${escapeHTML(title)}</h1>
${content}</body>
</html>
`)
}

/** A URL as a field may hold it: what is no ASCII, and what no URL has, percent-encoded. */
function encodeLocation(location: string): string {
  return location.replace(/[^\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]/gu, (character) => {
    // A lone surrogate has no encoding.
    return encodeURIComponent(/^[\ud800-\udfff]$/.test(character) ? '\ufffd' : character)
  })
}
