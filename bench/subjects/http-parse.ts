/**
 * Cases of the subject http: parsing. Requests of three sizes, each a chunk of its own as a socket brings it, of which
 * every field, three of them, or nothing is read as strings.
 *
 * One request again and again is what a client with one thing to ask sends, and suits a parser that remembers; so
 * there are cases in which only the target changes, as when a browser loads a page, and in which every value does.
 */
import type { Case, Check, Runner, Side, Target } from '../model.js'
import { coreParser } from '../ours/http.js'
import { HTTPSink } from '../rivals/driven.js'
import type { Parse, Reading, Take } from '../rivals/driven.js'
import { llhttpWasm, nodeParser, parserJs } from '../rivals/http-parsers.js'

const OURS = 'core.httpParser'
const NODE = 'Node HTTPParser'
const LLHTTP = 'llhttp.wasm of undici'
const JS = 'http-parser-js'

function request(target: string, ...fields: string[]): Buffer {
  return Buffer.from([`GET ${target} HTTP/1.1`, ...fields, '', ''].join('\r\n'), 'latin1')
}

/** How many requests there are, where one is not like the one before. */
const DIFFERENT = 64

/** What a browser sends: 703 bytes, 9 fields. With other letters every field has another value. */
function browser(page = 'river', who = '3f9a'): Buffer {
  return request(`/news/2026/spring/tunnels-under-the-${page}.html`,
    `Host: www.ex${who}e.com`,
    `User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/${who}0101 Firefox/140.0`,
    `Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/${who},image/webp,*/*;q=0.8`,
    `Accept-Language: en-GB,en;q=0.7,${who.slice(2)};q=0.3`,
    `Accept-Encoding: gzip, deflate, br, ${who}`,
    `Connection: keep-alive${who === '3f9a' ? '' : `, ${who}`}`,
    `Referer: https://www.ex${who}e.com/news/2026/spring/`,
    `Upgrade-Insecure-Requests: ${who === '3f9a' ? '1' : who}`,
    `Cookie: session=${who.repeat(16)}; seen=${'0123456789'.repeat(9)}; theme=dark; `
      + `consent=necessary; cart=${'x'.repeat(who === '3f9a' ? 31 : 22)}`)
}

const page = (i: number): string => (10_000 + i).toString()
export const one = [browser()]
const otherTargets = Array.from({ length: DIFFERENT }, (_, i) => browser(page(i)))
const allOther = Array.from({ length: DIFFERENT }, (_, i) => browser(page(i), (4096 + i).toString(16)))

/** The least that there is: 40 bytes. */
export const least = [request('/abc', 'Host: example.com')]

/** 2 KiB in 40 fields, most of them of names that nobody knows. */
const many = [request('/api/items?page=2', 'Host: example.com', 'User-Agent: bench/1.0', 'Accept: */*',
  ...Array.from({ length: 37 }, (_, i) => `X-Custom-Head-${i}: ${'value '.repeat(5)}${i}${i < 18 ? 'xx' : 'x'}`))]

type Make = (take: Take, reading: Reading) => Parse

function side(name: string, role: Side['role'], make: Make, data: readonly Buffer[], reading: Reading): Side {
  const mask = data.length - 1
  return {
    name, role, ...(make === parserJs ? { maxRounds: 3, warmups: 1 } : { warmups: 10 }),
    start(): Runner {
      const sink = new HTTPSink(reading)
      const parse = make(sink.take, reading)
      return {
        run(n): Check {
          sink.count = sink.sum = 0
          for (let i = 0; i < n; i++) parse(data[i & mask])
          return `${sink.count}:${sink.sum}`
        },
      }
    },
  }
}

function caseOf(
  size: number, what: string, data: readonly Buffer[], reading: Reading, targets: readonly Target[],
): Case {
  const wrong = data.find((each) => each.length !== size)
  if (wrong !== undefined) throw new Error(`a request is ${wrong.length} bytes long, and not ${size}`)
  const name = `${size.toLocaleString('en')} B, ${what}`
  // A round is short, so that what disturbs it disturbs few.
  const n = Math.min(Math.ceil(20_000_000 / size), 100_000)
  const sides = [
    side(OURS, 'ours', coreParser, data, reading), side(NODE, 'rival', nodeParser, data, reading),
    side(JS, 'rival', parserJs, data, reading),
  ]
  // It makes no strings at all.
  if (reading === 'none') sides.push(side(LLHTTP, 'rival', llhttpWasm, data, reading))
  return { name, operation: 'request', n, quickN: Math.ceil(n / 10), metrics: ['wall'], budget: 3000, sides, targets }
}

const target = (rival: string, value: number): Target =>
  ({ ours: OURS, rival, kind: 'at-least', value, metric: 'wall' })

export const parseCases: readonly Case[] = [
  caseOf(703, 'all 9 fields read', one, 'all', [target(NODE, 4)]),
  caseOf(703, 'three fields read', one, 'three', [target(NODE, 7)]),
  caseOf(703, 'nothing read', one, 'none', [target(LLHTTP, 5)]),
  caseOf(703, 'another target each, all read', otherTargets, 'all', []),
  caseOf(703, 'another target each, nothing read', otherTargets, 'none', []),
  caseOf(703, 'other values each, all read', allOther, 'all', []),
  caseOf(703, 'other values each, nothing read', allOther, 'none', []),
  caseOf(40, 'all read', least, 'all', []),
  caseOf(40, 'nothing read', least, 'none', []),
  caseOf(2048, 'all 40 fields read', many, 'all', []),
  caseOf(2048, 'three fields read', many, 'three', []),
  caseOf(2048, 'nothing read', many, 'none', []),
]
