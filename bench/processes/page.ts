/**
 * Runs in a page: parsers of HTTP requests and of lines, ours and those in JavaScript, by the clock of the page. It
 * asks for what to do next until it is closed. Must not know: what is compared with what.
 */
import type * as web from 'whorl/web'
import { httpHandler } from '../ours/http-handler.js'
import { driven, HTTPSink } from '../rivals/driven.js'
import type { Parse, ParserClass, Reading } from '../rivals/driven.js'
import { JsChunkLines, JsLines } from '../rivals/js-lines.js'

/** What the page is asked. */
export type PageQuestion =
  | { do: 'make'; id: number; what: 'http' | 'lines'; who: string; reading: Reading; chunks: readonly string[] }
  | { do: 'run'; id: number; n: number }

/** What it answers. */
export interface PageAnswer {
  readonly error?: string
  readonly check?: string
  /** Milliseconds. */
  readonly took?: number
}

const MASK = 0x3fffffff
const decoder = new TextDecoder('latin1')

/** Up to here it is quicker to make characters one by one than to ask the decoder. */
const SHORT = 24

/** What the rivals use of Node's Buffer, in the fastest way that we know in a page. */
class PageBuffer extends Uint8Array {
  latin1Slice(start = 0, end = this.length): string {
    if (end - start > SHORT) return decoder.decode(super.subarray(start, end))
    let text = ''
    for (let at = start; at < end; at++) text += String.fromCharCode(this[at] as number)
    return text
  }

  override toString(_encoding?: string, start?: number, end?: number): string {
    return this.latin1Slice(start, end)
  }

  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return super.subarray(start, end) as Uint8Array<ArrayBuffer>
  }
}

type Run = (n: number) => string

async function httpParserJs(): Promise<{ HTTPParser: ParserClass; methods: readonly string[] }> {
  const response = await fetch('/node_modules/http-parser-js/http-parser.js')
  const made = { exports: {} as { HTTPParser: ParserClass; methods: readonly string[] } }
  // A module of Node's kind, as a bundler would wrap it.
  new Function('module', 'exports', 'require', 'process', await response.text())(made, made.exports, () => {
    throw new Error('http-parser-js needs something that it did not')
  }, { version: 'v20.0.0', versions: { node: '20.0.0' } })
  return made.exports
}

async function parse(who: string, sink: HTTPSink, reading: Reading): Promise<Parse> {
  if (who === 'ours') {
    const parser = (await core()).httpParser({ mode: 'request', handler: httpHandler(sink.take, reading) })
    return (chunk) => parser.receive(chunk)
  }
  const { HTTPParser, methods } = await httpParserJs()
  // Whoever reads this is a Node that wants arguments, not one object.
  if (HTTPParser.kOnExecute === undefined) throw new Error('http-parser-js has changed')
  return driven(HTTPParser, methods, sink.take, reading)
}

async function core(): Promise<Awaited<ReturnType<typeof web.loadCore>>> {
  const path = '/dist/web.js'
  return await (await import(path) as typeof web).loadCore()
}

async function httpSide(who: string, reading: Reading, chunks: readonly PageBuffer[]): Promise<Run> {
  const sink = new HTTPSink(reading)
  const receive = await parse(who, sink, reading)
  return (n) => {
    sink.count = sink.sum = 0
    for (let i = 0; i < n; i++) receive(chunks[i % chunks.length] as PageBuffer)
    return `${sink.count}:${sink.sum}`
  }
}

/** @returns what does n times all chunks */
async function lineSide(who: string, chunks: readonly PageBuffer[]): Promise<Run> {
  let count = 0
  let sum = 0
  const take = (line: string): void => {
    count++
    sum = (sum + line.length * 31 + line.charCodeAt(20)) & MASK
  }
  const framer = who === 'ours' ? (await core()).lineParser({ handler: { line: take as (line: unknown) => void } })
    : who === 'indexOf' ? new JsLines(take) : new JsChunkLines(take)
  return (n) => {
    count = sum = 0
    for (let i = 0; i < n; i++) for (const chunk of chunks) framer.receive(chunk as never)
    return `${count}:${sum}`
  }
}

const sides = new Map<number, Run>()

async function answer(question: PageQuestion): Promise<PageAnswer> {
  if (question.do === 'make') {
    const { id, what, who, reading } = question
    const chunks = question.chunks.map((text) => new PageBuffer(Array.from(text, (c) => c.charCodeAt(0))))
    sides.set(id, what === 'http' ? await httpSide(who, reading, chunks) : await lineSide(who, chunks))
    return {}
  }
  const run = sides.get(question.id) as Run
  const began = performance.now()
  const check = run(question.n)
  return { check, took: performance.now() - began }
}

async function post(body: PageAnswer): Promise<PageQuestion> {
  const response = await fetch('/next', { method: 'POST', body: JSON.stringify(body) })
  return await response.json() as PageQuestion
}

async function serve(): Promise<never> {
  let last: PageAnswer = {}
  for (;;) last = await answer(await post(last)).catch((error: unknown) => ({ error: error instanceof Error ? error.stack ?? error.message : String(error) }))
}

void serve()
