/**
 * Subject: parsers in a page of Chromium, the core's against those in JavaScript that are measured on Node as well.
 */
import { cut, lineStream, once } from '../data.js'
import type { Case, Measured, Side, Subject } from '../model.js'
import { NotInstalled } from '../model.js'
import { Page } from '../page.js'
import type { PageQuestion } from '../processes/page.js'
import type { Reading } from '../rivals/driven.js'
import { least, one } from './http-parse.js'

const SIZE = 43
const PER_STREAM = 16_384
const stream = once(() => lineStream(PER_STREAM, SIZE))

/** One browser for all sides of a case; it is closed with the last of them. */
let page: Promise<Page> | null = null
let users = 0
let ids = 0

function opened(): Promise<Page> {
  users++
  page ??= Page.open()
  page.catch(() => { page = null })
  return page
}

async function leave(): Promise<void> {
  if (--users > 0 || page === null) return
  const last = page
  page = null
  await (await last).close()
}

/** @param operations of one round through all chunks, by which the page counts */
function side(
  name: string, role: Side['role'], make: Omit<PageQuestion & { do: 'make' }, 'do' | 'id'>, operations: number,
): Side {
  return {
    name, role,
    async start() {
      const id = ids++
      let shown: Page
      try {
        shown = await opened()
      } catch (error) {
        users--
        throw error instanceof NotInstalled ? error : new NotInstalled(String(error))
      }
      await shown.ask({ ...make, do: 'make', id })
      return {
        async run(n): Promise<Measured> {
          const { check = '', took = 0 } = await shown.ask({ do: 'run', id, n: n / operations })
          return { check, totals: { wall: took * 1e6 } }
        },
        dispose: leave,
      }
    },
  }
}

function httpCase(name: string, data: readonly Buffer[], reading: Reading, n: number): Case {
  const chunks = data.map((each) => each.toString('latin1'))
  const make = (who: string) => ({ what: 'http', who, reading, chunks }) as const
  return {
    name: `HTTP request, ${name}`, operation: 'request', n, quickN: n / 10, metrics: ['wall'], budget: 4000, targets: [],
    sides: [side('core.httpParser', 'ours', make('ours'), 1), side('http-parser-js', 'rival', make('js'), 1)],
  }
}

function lineCase(name: string, size: number): Case {
  const chunks = once(() => cut(stream(), size).map((each) => each.toString('latin1')))
  const make = (who: string) => ({ what: 'lines', who, reading: 'all', get chunks() { return chunks() } }) as const
  return {
    name: `lines of ${SIZE} B, ${name}`, operation: 'line', n: PER_STREAM * 16, quickN: PER_STREAM * 2,
    metrics: ['wall'], budget: 4000, targets: [],
    sides: [
      side('core.lineParser', 'ours', make('ours'), PER_STREAM),
      side('indexOf(10), a string a line', 'rival', make('indexOf'), PER_STREAM),
      side('one string a chunk, indexOf', 'rival', make('chunks'), PER_STREAM),
    ],
  }
}

export const chromium: Subject = {
  name: 'hosts-chromium', title: 'Parsers in a page of Chromium',
  description: "By the page's own clock. The rivals' strings come from TextDecoder, short ones from character codes.",
  cases: [
    httpCase('703 B, all 9 fields read', one, 'all', 20_000), httpCase('703 B, nothing read', one, 'none', 20_000),
    httpCase('40 B, all read', least, 'all', 100_000),
    lineCase('chunks of 64 KiB', 65_536), lineCase('one line a chunk', SIZE),
  ],
}
