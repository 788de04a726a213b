/**
 * The layer rules of the design as data and one function: which file may import what, and which names no source of
 * src/ may use. `violations` works on a map of path → source, so that planted ones can be tried without a file.
 */
import { posix } from 'node:path'
import { declares, hasTopLevelAwait, scan, unguardedUsesOf, usesOf } from './scan.js'

/** Lower layers first; a value import goes to the same layer or a lower one, a type may come from anywhere in src/. */
const LAYERS: readonly (readonly string[])[] = [
  ['interfaces', 'errors'],
  ['logger'],
  ['core', 'defer', 'reactor'],
  ['transports'],
  ['protocols'],
  ['endpoints'],
  ['services'],
  ['socket'],
]
/** May use everything below; nothing but the package's entry points may use it. */
const TOP = ['testing']
/** The reactor of hosts is composed of its own layer and of the transports above it; nothing imports it in return. */
const COMPOSES = [
  'src/reactor/reactor.ts→transports',
  'src/reactor/restrict.ts→transports',
  'src/reactor/restrict-patterns.ts→transports',
]
/** The only pairs of application protocols of which the first may import the second, and only its index. */
const PAIRS = ['websocket→http', 'tunnel→websocket', 'smtp→dns', 'xmpp→dns']

const AMBIENT = [
  'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'queueMicrotask',
  'requestAnimationFrame', 'performance', 'process', 'Buffer', 'console', 'require', '__dirname', '__filename',
  'globalThis', 'navigator', 'localStorage', 'fetch', 'XMLHttpRequest', 'WebSocket',
  'crypto', 'Deno', 'Bun', 'Math\\.random', 'Date\\.now', 'new Date\\(\\)', 'Date\\(\\)',
]

/** Ambient in browsers, but also ordinary words, which a file may give to something of its own. */
const AMBIENT_WORDS = ['window', 'self', 'document', 'global']

/** What browsers and most servers have, and ECMAScript has not: a bare context lacks them (docs/guide/none.md). */
const OF_SOME_HOSTS = [
  'URL', 'URLSearchParams', 'URLPattern', 'TextEncoder', 'TextDecoder', 'AbortController', 'AbortSignal',
  'structuredClone', 'atob', 'btoa', 'reportError', 'Blob', 'File', 'FormData', 'Headers', 'Request', 'Response',
  'ReadableStream', 'WritableStream', 'TransformStream', 'CompressionStream', 'DecompressionStream',
  'TextDecoderStream', 'TextEncoderStream', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy',
  'Event', 'EventTarget', 'CustomEvent', 'CloseEvent', 'ErrorEvent', 'MessageEvent', 'EventSource', 'DOMException',
  'MessageChannel', 'MessagePort', 'BroadcastChannel', 'Worker', 'WebSocketStream',
]

export type Sources = ReadonlyMap<string, string>

/** What breaks a rule, each as one line that names the file, the line and the edge. */
export function violations(sources: Sources): string[] {
  const found: string[] = []
  for (const [path, source] of sources) {
    const { imports, code } = scan(source)
    for (const one of imports) {
      const target = one.specifier.startsWith('.')
        ? posix.join(posix.dirname(path), one.specifier).replace(/\.js$/, '.ts')
        : one.specifier
      const why = forbidden(path, target, one.typeOnly)
      if (why !== null) found.push(`${path}:${one.line} → ${target}: ${why}`)
    }
    if (path.startsWith('src/')) {
      const words = AMBIENT_WORDS.filter((word) => !declares(word, code))
      for (const { name, line } of usesOf([...AMBIENT, ...words], code)) {
        found.push(`${path}:${line} uses ${name}: src/ takes clock, timers, entropy and process through interfaces`)
      }
      for (const { name, line } of unguardedUsesOf(OF_SOME_HOSTS, code)) {
        found.push(`${path}:${line} uses ${name}: not every host has it, so ask \`typeof ${name} === 'undefined'\``)
      }
      if (!path.startsWith('src/core/')) {
        for (const { line } of usesOf(['WebAssembly'], code)) {
          found.push(`${path}:${line} uses WebAssembly: only src/core/ knows the module`)
        }
      }
    }
    if (/^(?:src|bindings)\//.test(path) && hasTopLevelAwait(code)) found.push(`${path}: top-level await`)
    if (!path.startsWith('test/') && /\bexport\s+default\b/.test(code)) found.push(`${path}: export default`)
  }
  return found
}

function forbidden(path: string, target: string, typeOnly: boolean): string | null {
  const [area, folder = ''] = path.split('/')
  if (area === 'src') return forbiddenInSource(path, target, typeOnly)
  if (area === 'bindings') {
    const [otherArea, other] = target.split('/')
    if (otherArea === 'bindings' && other !== folder && !knowsNodeAPI(folder, other)) return 'no binding imports another'
    if (otherArea === 'assembly') return 'only src/core/ imports the constants of the ABI'
    return null
  }
  if (area === 'assembly') return target.startsWith('assembly/') ? null : 'assembly/ imports nothing from outside'
  if (area === 'examples') {
    const isPublic = /^(?:whorl(?:\/|$)|node:)/.test(target) || target.startsWith('examples/')
    return isPublic ? null : 'an example uses only the public subpaths of whorl'
  }
  return null
}

/** What hosts that speak Node's interfaces share; it knows none of them. */
function knowsNodeAPI(folder: string, other: string | undefined): boolean {
  return other === 'node-api' && ['node', 'deno', 'bun'].includes(folder)
}

function forbiddenInSource(path: string, target: string, typeOnly: boolean): string | null {
  const folder = folderOf(path)
  if (target.startsWith('bindings/')) return 'src/ knows no host'
  if (target.startsWith('assembly/')) {
    if (folder !== 'core') return 'only src/core/ imports the constants of the ABI'
    return target.startsWith('assembly/abi/') ? null : 'of assembly/ only abi/ may be imported'
  }
  if (!target.startsWith('src/')) {
    if (target === '@assemblyscript/loader' && folder === 'core') return null
    return 'src/ imports no host module and no package'
  }
  const other = folderOf(target)
  if (other === folder || folder === '') return null
  if (target.startsWith('src/core/generated/')) return 'only src/core/ imports the generated module'
  if (other === '') return 'the public surface is for users; import the file that owns the name'
  if (COMPOSES.includes(`${path}→${other}`) || (typeOnly && isBase(other))) return null
  return edgeBetween(folder, other, target)
}

function edgeBetween(folder: string, other: string, target: string): string | null {
  if (folder === 'core' && !['errors', 'interfaces'].includes(other)) return 'src/core/ stands by itself'
  if (TOP.includes(folder)) return null
  if (TOP.includes(other)) return 'test tools are for tests'
  if (isBase(folder)) {
    if (!isBase(other)) return 'a base layer knows no application protocol'
    return layerOf(other) <= layerOf(folder) ? null : 'imports go down the layers'
  }
  if (isBase(other)) return null
  if (!PAIRS.includes(`${folder}→${other}`)) return 'application protocols do not know each other'
  return target === `src/${other}/index.ts` ? null : 'of a sibling only its index may be imported'
}

/** The folder below src/ that a file is in; '' for src/index.ts itself. */
function folderOf(path: string): string {
  const parts = path.split('/')
  return parts.length > 2 ? parts[1]! : ''
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder))
}

function isBase(folder: string): boolean {
  return layerOf(folder) >= 0 || TOP.includes(folder)
}
