/**
 * Rules 1 to 4 of the design's "Never", over every file; and over planted violations, each of which must be found.
 */
import { describe, expect, it } from 'vitest'
import { sourcesBelow } from './files.js'
import { violations } from './rules.js'
import { scan, usesOf } from './scan.js'

const planted = (path: string, source: string): string[] => violations(new Map([[path, source]]))

describe('layers', () => {
  it('hold in every file', () => {
    const sources = sourcesBelow('src', 'bindings', 'assembly', 'examples', 'bench')
    expect(sources.size).toBeGreaterThan(5)
    expect(violations(sources)).toEqual([])
  })

  it.each([
    ['src/defer/a.ts', 'import { x } from \'../../bindings/node/index.js\'', 'bindings/node/index.ts'],
    ['src/defer/a.ts', 'import type { Socket } from \'node:net\'', 'node:net'],
    ['src/defer/a.ts', 'import net from "net"', '→ net'],
    ['src/defer/a.ts', 'import\n  \'node:fs\'', 'node:fs'],
    ['src/defer/a.ts', 'const load = () => import(\'node:fs\')', 'node:fs'],
    ['src/defer/a.ts', 'import {\n  a, // comment\n  type B,\n} from \'node:fs\'', 'node:fs'],
    ['src/defer/a.ts', 'export * from \'lodash\'', 'lodash'],
    ['src/defer/a.ts', 'import { N } from \'../../assembly/abi/limits.js\'', 'assembly/abi/limits.ts'],
    ['src/core/a.ts', 'import { N } from \'../../assembly/memory/map.js\'', 'assembly/memory/map.ts'],
    ['src/core/a.ts', 'import { Deferred } from \'../defer/deferred.js\'', 'src/defer/deferred.ts'],
    ['src/defer/a.ts', 'import { instantiate } from \'@assemblyscript/loader\'', '@assemblyscript/loader'],
    ['src/defer/a.ts', 'import { SIMD_BASE64 } from \'../core/generated/simd.js\'', 'src/core/generated/simd.ts'],
    ['src/defer/a.ts', 'import { Protocol } from \'../protocols/protocol.js\'', 'src/protocols/protocol.ts'],
    ['src/reactor/clock.ts', 'import { x } from \'../transports/address.js\'', 'src/transports/address.ts'],
    ['src/transports/a.ts', 'export { Clock } from \'../testing/index.js\'', 'src/testing/index.ts'],
    ['src/defer/a.ts', 'import { Deferred } from \'../index.js\'', 'src/index.ts'],
    ['src/protocols/a.ts', 'import { Agent } from \'../http/index.js\'', 'src/http/index.ts'],
    ['src/irc/a.ts', 'import { Agent } from \'../http/index.js\'', 'src/http/index.ts'],
    ['src/websocket/a.ts', 'import { parse } from \'../http/messages.js\'', 'src/http/messages.ts'],
    ['bindings/deno/a.ts', 'import { load } from \'../node/load.js\'', 'bindings/node/load.ts'],
    ['bindings/node/a.ts', 'import { N } from \'../../assembly/abi/limits.js\'', 'assembly/abi/limits.ts'],
    ['assembly/wire/a.ts', 'import { x } from "../../src/core/index"', 'src/core/index'],
    ['examples/a/main.ts', 'import { Deferred } from \'../../src/defer/deferred.js\'', 'src/defer/deferred.ts'],
  ])('find the planted edge in %s: %s', (path, source, edge) => {
    const found = planted(path, source)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(path)
    expect(found[0]).toContain(edge)
  })

  it.each([
    ['src/defer/a.ts', 'import { WhorlError } from \'../errors/base.js\''],
    ['src/defer/a.ts', 'import type { X } from \'../protocols/x.js\''],
    ['src/core/a.ts', 'import { N } from \'../../assembly/abi/limits.js\'\nimport { S } from \'./generated/simd.js\''],
    ['src/core/a.ts', 'import { instantiateSync } from \'@assemblyscript/loader\''],
    ['src/websocket/a.ts', 'import { parse } from \'../http/index.js\''],
    ['src/reactor/reactor.ts', 'import { x } from \'../transports/address.js\''],
    ['bindings/node/a.ts', 'import { createServer } from \'node:net\'\nimport { X } from \'../../src/index.js\''],
    ['examples/a/main.ts', 'import { reactor } from \'whorl\'\nimport { argv } from \'node:process\''],
    ['src/defer/a.ts', '// import x from \'node:fs\'\nconst text = "import y from \'node:net\'"'],
  ])('allow what is allowed in %s', (path, source) => {
    expect(planted(path, source)).toEqual([])
  })
})

describe('ambient names', () => {
  it.each([
    ['const t = setTimeout(() => 1, 5)', 'setTimeout'],
    ['  setTimeout(fn, 5)\n  {', 'setTimeout'],
    ['const now = Date.now()', 'Date.now'],
    ['const now = new Date()', 'new Date()'],
    ['const x = `a ${process.pid} b`', 'process'],
    ['const b = ok ? Buffer : Uint8Array', 'Buffer'],
    ['let b: Buffer', 'Buffer'],
    ['const r = Math.random()', 'Math.random'],
    ['const g = globalThis', 'globalThis'],
    ['const all = [...process.argv]', 'process'],
    ['const f = /\\/[/"]/.test(s); console.log(f)', 'console'],
    ['const m = { x: WebAssembly }', 'WebAssembly'],
    ['const w = window.innerWidth', 'window'],
  ])('are found: %s', (source, name) => {
    const found = planted('src/defer/a.ts', source)
    expect(found.length).toBeGreaterThan(0)
    expect(found[0]).toContain(`uses ${name}`)
  })

  it.each([
    'class A {\n  setTimeout(ms: number | null): number | null {\n    return ms\n  }\n}',
    'class A {\n  protected override setTimeout(ms: number) {\n  }\n}',
    'interface A {\n  setTimeout(ms: number): void\n  performance?: number\n}',
    'this.setTimeout(5)\nthis\n  .setTimeout(6)',
    '// setTimeout(fn) and Date.now()\nconst text = \'process.exit\' + `console.log(${1})`',
    'const r = /process/.test(x)',
    'const o = { console: 1 }',
    'const d = new Date(5)',
    'function f(self: number, [window]: string[]) {\n  return self + window.length\n}',
    'const document = 1\nexport const twice = document * 2',
    'const reprocess = 1, processed = 2, $process = 3',
  ])('are not seen where they are not used: %s', (source) => {
    expect(planted('src/defer/a.ts', source)).toEqual([])
  })

  it.each([
    ['const c = new AbortController()', 'AbortController'],
    ['const c = new\n  AbortController', 'AbortController'],
    ['return new URLSearchParams(query)', 'URLSearchParams'],
    ['const url = URL.canParse(text)', 'URL'],
    ['const s = AbortSignal\n  .timeout(5)', 'AbortSignal'],
    ['if (typeof x === "object" && x instanceof URL) f()', 'URL'],
    ['class A extends EventTarget {}', 'EventTarget'],
    ['const copy = structuredClone(value)', 'structuredClone'],
    ['const Class = options.Request ?? Request', 'Request'],
    ['const Class = Request\n', 'Request'],
    ['function f(): typeof Response {\n  return Response\n}', 'Response'],
    ['import type { URL } from \'./url.js\'\nconst u = new URL(x)', 'URL'],
    ['interface A {\n  TextDecoder: typeof TextDecoder\n}\nconst d = new TextDecoder()', 'TextDecoder'],
  ])('are found though most hosts have them: %s', (source, name) => {
    const found = planted('src/defer/a.ts', source)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`uses ${name}`)
  })

  it.each([
    'let a: AbortController | null = null\nfunction f(url: string | URL): URLSearchParams',
    'return typeof URL === \'undefined\' ? parseURL(text) : new URL(text)',
    'import { Headers } from \'./headers.js\'\nconst h = new Headers()',
    'class File {}\nconst f = new File()',
    'interface A extends Event {\n  Request: new (url: string) => Request\n}',
    'function f({ Response }: Classes) {\n  return new Response(1)\n}\nconst r = new classes.Response(2)',
    'type A = URL\nconst m = new Map<string, URL>()\nconst s = url as URL',
    '// new AbortController()\nconst text = \'new URL(x)\'',
  ])('and are not seen where they are types, of the file\'s own, or asked for: %s', (source) => {
    expect(planted('src/defer/a.ts', source)).toEqual([])
  })

  it('may be used by src/core only where it is WebAssembly', () => {
    expect(planted('src/core/a.ts', 'new WebAssembly.Module(bytes)')).toEqual([])
    expect(planted('src/core/a.ts', 'Date.now()')).toHaveLength(1)
  })
})

describe('form', () => {
  it('finds a top-level await and a default export, and no others', () => {
    expect(planted('src/defer/a.ts', 'const x = await y')).toEqual(['src/defer/a.ts: top-level await'])
    expect(planted('src/defer/a.ts', 'export const f = async () => { await y }')).toEqual([])
    expect(planted('src/defer/a.ts', 'export default class {}')).toEqual(['src/defer/a.ts: export default'])
    expect(planted('src/defer/a.ts', 'export class A { default() {} }')).toEqual([])
  })

  it('keeps lines and offsets when it blanks comments and strings', () => {
    const source = 'a /* b\nc */ + `d${e + \'}\'}f` // g\nh'
    const { code } = scan(source)
    expect(code).toHaveLength(source.length)
    expect(code.replace(/ +/g, ' ')).toBe('a \n + ` ${e + \' \'} ` \nh')
    expect(usesOf(['e', 'h', 'b', 'd', 'g'], code)).toEqual([{ name: 'e', line: 2 }, { name: 'h', line: 3 }])
  })
})
