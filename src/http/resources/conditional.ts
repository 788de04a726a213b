/**
 * Conditional requests: whether a request is to be done, by what it says of the version that its sender knows.
 *
 * Owns: the precedence of the fields, and how tags and dates are compared. Must not know: files, responses.
 *
 *   entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE        etagc = %x21 / %x23-7E / obs-text
 *
 * Source: RFC 9110, 13 (precedence: 13.2.2) and 8.8 (strong and weak comparison: 8.8.3.2).
 */
import { parseHTTPDate } from '../dates.js'
import type { Headers } from '../headers.js'

/** What tells a version of something from the others. */
export interface Validators {
  /** With its quotes, and `W/` if it is weak; null without one. */
  readonly etag: string | null
  /** When it was last changed, ms since 1970; null if nobody knows. */
  readonly modified: number | null
  /**
   * Whether it did not change again in the second of `modified`, so that the date alone tells it from all others
   * (RFC 9110, 8.8.2.2).
   */
  readonly isSettled: boolean
}

/** What to do with a request: do it, answer 304, answer 412. */
export type Verdict = 'proceed' | 'not-modified' | 'failed'

const TAG = /[\t ]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?:,|$)/y

/**
 * The answer to If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in this order.
 *
 * @param method GET and HEAD have answers of their own
 * @param current null where there is nothing: `*` then matches nothing
 * @param now ms since 1970, for dates with years of two digits
 */
export function evaluateConditions(
  method: string, headers: Headers, current: Validators | null, now?: number): Verdict {
  const isReading = method === 'GET' || method === 'HEAD'
  const match = headers.get('if-match')
  if (match !== null) {
    if (!matches(match, current, strongly)) return 'failed'
  } else {
    const since = dateOf(headers, 'if-unmodified-since', now)
    const modified = current?.modified ?? null
    if (since !== null && modified !== null && seconds(modified) > since) return 'failed'
  }
  const noneMatch = headers.get('if-none-match')
  if (noneMatch !== null) {
    if (matches(noneMatch, current, weakly)) return isReading ? 'not-modified' : 'failed'
  } else if (isReading) {
    const since = dateOf(headers, 'if-modified-since', now)
    if (since !== null && current !== null && current.modified !== null && seconds(current.modified) <= since) {
      return 'not-modified'
    }
  }
  return 'proceed'
}

/** Whether If-Range, if there is one, lets Range be looked at: only what is surely the same may be continued. */
export function mayContinue(headers: Headers, current: Validators, now?: number): boolean {
  const value = headers.get('if-range')
  if (value === null) return true
  const tags = parseEntityTags(value)
  if (Array.isArray(tags)) return tags.length === 1 && current.etag !== null && strongly(tags[0]!, current.etag)
  const date = parseHTTPDate(value, now)
  return date !== null && current.modified !== null && current.isSettled && seconds(current.modified) === date
}

/** A list of entity tags as If-Match has it. @returns null for what is none */
export function parseEntityTags(value: string): string[] | '*' | null {
  if (value === '*') return '*'
  const tags: string[] = []
  TAG.lastIndex = 0
  while (TAG.lastIndex < value.length) {
    // Lists may have empty elements (RFC 9110, 5.6.1.2).
    const empty = /[\t ]*(?:,|$)/y
    empty.lastIndex = TAG.lastIndex
    if (empty.test(value)) {
      TAG.lastIndex = empty.lastIndex
      continue
    }
    const found = TAG.exec(value)
    if (found === null) {
      TAG.lastIndex = 0
      return null
    }
    tags.push(`${found[1] ?? ''}${found[2]}`)
  }
  return tags
}

function matches(
  value: string, current: Validators | null, compare: (one: string, other: string) => boolean): boolean {
  const tags = parseEntityTags(value)
  if (tags === '*') return current !== null
  const etag = current?.etag ?? null
  return tags !== null && etag !== null && tags.some((tag) => compare(tag, etag))
}

function strongly(one: string, other: string): boolean {
  return one === other && !one.startsWith('W/')
}

function weakly(one: string, other: string): boolean {
  return one.replace(/^W\//, '') === other.replace(/^W\//, '')
}

/** Null where there is none, or none that is a date: such a field is to be ignored. */
function dateOf(headers: Headers, name: string, now: number | undefined): number | null {
  const value = headers.get(name)
  return value === null ? null : parseHTTPDate(value, now)
}

/** Dates of HTTP have whole seconds. */
function seconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}
