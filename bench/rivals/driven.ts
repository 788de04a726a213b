/**
 * How parsers of HTTP requests that look like Node's HTTPParser are called, and what looks at what they find: the same
 * on Node and in a page, so this imports nothing.
 */
const MASK = 0x3fffffff

/** What is read of each request. */
export type Reading = 'all' | 'three' | 'none'

/** Takes what a request has; strings are looked at, so that none is left unmade. */
export interface Take {
  /** All of it: method, target, and names and values. */
  request(method: string, target: string, fields: readonly string[]): void
  /** Only that there was one. */
  nothing(): void
}

/** Takes a chunk that is one request. */
export type Parse = (chunk: Uint8Array) => void

/** The constructor of Node's parser, and of those that look like it. */
export interface ParserClass {
  new (type?: number): NodeParser
  readonly REQUEST: number
  readonly kOnExecute?: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnMessageComplete: number
}

interface NodeParser {
  initialize?(type: number, resource: object): void
  execute(chunk: Uint8Array): number | Error
  [callback: number]: unknown
}

/** Both parsers hand names and values out in one array, and the first ones of more than 32 fields earlier. */
export function driven(Parser: ParserClass, methods: readonly string[], take: Take, reading: Reading): Parse {
  const parser = new Parser(Parser.REQUEST)
  parser.initialize?.(Parser.REQUEST, {})
  let early: string[] | null = null
  let earlyTarget = ''
  parser[Parser.kOnHeaders | 0] = (fields: string[], target: string) => {
    early = early === null ? fields : early.concat(fields)
    earlyTarget = earlyTarget === '' ? target : earlyTarget
  }
  parser[Parser.kOnHeadersComplete | 0] = (
    _major: number, _minor: number, fields: string[] | undefined, method: number, target: string | undefined,
  ) => {
    if (reading === 'none') take.nothing()
    else take.request(methods[method] as string, target ?? earlyTarget, fields ?? early ?? [])
    early = null
    earlyTarget = ''
    return 0
  }
  parser[Parser.kOnMessageComplete | 0] = () => {}
  return (chunk) => {
    const result = parser.execute(chunk)
    if (typeof result !== 'number') throw result
  }
}

/** Looks at all that it is given. */
export class HTTPSink {
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
