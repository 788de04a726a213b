/**
 * Other parsers of HTTP requests, each as its own users call it: Node's HTTPParser (llhttp, native), llhttp as
 * WebAssembly from undici, and http-parser-js.
 *
 * Owns: what they need to be called at all. A host or version that has no such parser gives NotInstalled.
 */
import { createRequire } from 'node:module'
import process from 'node:process'
import { NotInstalled } from '../model.js'
import { driven } from './driven.js'
import type { Parse, ParserClass, Reading, Take } from './driven.js'

const require = createRequire(import.meta.url)

/** Node's own, which is not public: a deprecated door leads to it. */
export function nodeParser(take: Take, reading: Reading): Parse {
  const before = process.noDeprecation
  process.noDeprecation = true
  try {
    const binding = (process as unknown as { binding(name: string): unknown }).binding('http_parser') as {
      HTTPParser: ParserClass
      methods: readonly string[]
    }
    return driven(binding.HTTPParser, binding.methods, take, reading)
  } catch {
    throw new NotInstalled('this Node has no HTTPParser to be reached')
  } finally {
    process.noDeprecation = before ?? false
  }
}

export function parserJs(take: Take, reading: Reading): Parse {
  let module: { HTTPParser: ParserClass; methods: readonly string[] }
  try {
    module = require('http-parser-js') as typeof module
  } catch {
    throw new NotInstalled('http-parser-js is not installed')
  }
  const { HTTPParser, methods } = module
  // Whoever reads this is a Node that wants arguments, not one object.
  if (HTTPParser.kOnExecute === undefined) throw new Error('http-parser-js has changed')
  return driven(HTTPParser, methods, take, reading)
}

interface LlhttpExports {
  readonly memory: WebAssembly.Memory
  _initialize?(): void
  llhttp_alloc(type: number): number
  malloc(size: number): number
  llhttp_execute(parser: number, at: number, length: number): number
}

/** llhttp as undici ships it, with callbacks that count: nothing is made of what it finds. */
export function llhttpWasm(take: Take): Parse {
  let bytes: Buffer
  try {
    bytes = require('undici/lib/llhttp/llhttp_simd-wasm.js') as Buffer
  } catch {
    throw new NotInstalled('undici is not installed')
  }
  let spans = 0
  const span = (_parser: number, _at: number, _length: number): number => {
    spans++
    return 0
  }
  const zero = (): number => 0
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), {
    env: {
      wasm_on_url: span, wasm_on_status: zero, wasm_on_message_begin: zero, wasm_on_header_field: span,
      wasm_on_header_value: span, wasm_on_body: zero, wasm_on_message_complete: zero,
      wasm_on_headers_complete: () => {
        take.nothing()
        return 0
      },
    },
  }) as unknown as { exports: LlhttpExports }
  exports._initialize?.()
  const parser = exports.llhttp_alloc(1)
  const at = exports.malloc(65_536)
  const memory = new Uint8Array(exports.memory.buffer)
  return (chunk) => {
    memory.set(chunk, at)
    const error = exports.llhttp_execute(parser, at, chunk.length)
    if (error !== 0 || spans === 0) throw new Error(`llhttp refuses this request: ${error}`)
  }
}
