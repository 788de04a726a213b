/**
 * Cases of the subject http: parsing. Requests of three sizes, each a chunk of its own as a socket brings it, of which
 * every field, three of them, or nothing is read as strings.
 */
import type { Case, Check, Runner, Side, Target } from '../model.js'
import { coreParser } from '../ours/http.js'
import { llhttpWasm, nodeParser, parserJs } from '../rivals/http-parsers.js'
import type { Parse, Reading, Take } from '../rivals/http-parsers.js'

const OURS = 'core.httpParser'
const NODE = 'Node HTTPParser'
const LLHTTP = 'llhttp.wasm of undici'
const JS = 'http-parser-js'
const MASK = 0x3fffffff

function request(target: string, ...fields: string[]): Buffer {
  return Buffer.from([`GET ${target} HTTP/1.1`, ...fields, '', ''].join('\r\n'), 'latin1')
}

/** What a browser sends: 703 bytes, 9 fields. */
const browser = request('/news/2026/spring/tunnels-under-the-river.html',
  'Host: www.example.com',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Connection: keep-alive',
  'Referer: https://www.example.com/news/2026/spring/',
  'Upgrade-Insecure-Requests: 1',
  `Cookie: session=${'3f9a'.repeat(16)}; seen=${'0123456789'.repeat(9)}; theme=dark; `
    + `consent=necessary; cart=${'x'.repeat(31)}`)

/** The least that there is: 40 bytes. */
const least = request('/abc', 'Host: example.com')

/** 2 KiB in 40 fields, most of them of names that nobody knows. */
const many = request('/api/items?page=2', 'Host: example.com', 'User-Agent: bench/1.0', 'Accept: */*',
  ...Array.from({ length: 37 }, (_, i) => `X-Custom-Head-${i}: ${'value '.repeat(5)}${i}${i < 18 ? 'xx' : 'x'}`))

/** Looks at all that it is given. */
class Sink {
  count = 0
  sum = 0
  readonly take: Take

  constructor(reading: Reading) {
  this.take = {
      nothing: () => {
        this.count++
      },
      request: (method, target, fields) => {
        this.count++
        let sum = this.sum + method.length + target.length * 31 + target.charCodeAt(1)
        for (let i = 0; i < fields.length; i += 2) {
          if (reading === 'three' && !isOneOfThree(fields[i])) continue
          sum += fields[i].length * 7 + fields[i + 1].length * 13 + fields[i + 1].charCodeAt(0)
        }
        this.sum = sum & MASK
      },
    }
  }
}

/** By the spelling of these requests, and ours: nobody pays for lower case here. */
function isOneOfThree(name: string): boolean {
  return name === 'Host' || name === 'host' || name === 'User-Agent' || name === 'user-agent' || name === 'Accept'
    || name === 'accept'
}

type Make = (take: Take, reading: Reading) => Parse

function side(name: string, role: Side['role'], make: Make, data: Buffer, reading: Reading): Side {
  return {
    name, role,
    start(): Runner {
      const sink = new Sink(reading)
      const parse = make(sink.take, reading)
      return {
        run(n): Check {
          sink.count = sink.sum = 0
          for (let i = 0; i < n; i++) parse(data)
          return `${sink.count}:${sink.sum}`
        },
      }
    },
  }
}

function caseOf(size: number, what: string, data: Buffer, reading: Reading, targets: readonly Target[]): Case {
  if (data.length !== size) throw new Error(`a request is ${data.length} bytes long, and not ${size}`)
  const name = `${size.toLocaleString('en')} B, ${what}`
  const n = Math.ceil(60_000_000 / data.length)
  const sides = [
    side(OURS, 'ours', coreParser, data, reading), side(NODE, 'rival', nodeParser, data, reading),
    side(JS, 'rival', parserJs, data, reading),
  ]
  // It makes no strings at all.
  if (reading === 'none') sides.push(side(LLHTTP, 'rival', llhttpWasm, data, reading))
  return { name, operation: 'request', n, quickN: Math.ceil(n / 10), metrics: ['wall'], budget: 6000, sides, targets }
}

const target = (rival: string, value: number): Target =>
  ({ ours: OURS, rival, kind: 'at-least', value, metric: 'wall' })

export const parseCases: readonly Case[] = [
  caseOf(703, 'all 9 fields read', browser, 'all', [target(NODE, 4)]),
  caseOf(703, 'three fields read', browser, 'three', [target(NODE, 7)]),
  caseOf(703, 'nothing read', browser, 'none', [target(LLHTTP, 5)]),
  caseOf(40, 'all read', least, 'all', []),
  caseOf(40, 'nothing read', least, 'none', []),
  caseOf(2048, 'all 40 fields read', many, 'all', []),
  caseOf(2048, 'three fields read', many, 'three', []),
  caseOf(2048, 'nothing read', many, 'none', []),
]
