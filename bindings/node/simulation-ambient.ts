/**
 * What of Node a simulated program must not touch: clocks, timers, entropy, sockets, processes.
 *
 * Owns: the list, by name and group, and where each function lives. Must not know: how they are taken away. Not in the
 * list: what is the same in every run (`queueMicrotask`, promises), files, and what only ends something
 * (`clearTimeout`, `socket.destroy`).
 */

import process from 'node:process'

/** What an ambient function gives; may be allowed as a whole. */
export type AmbientGroup = 'clock' | 'timers' | 'entropy' | 'sockets' | 'processes'

/** One function or class of Node. */
export interface Ambient {
  /** The object whose property it is. */
  readonly holder: object
  readonly key: string
  /** What messages and `allow` call it. */
  readonly name: string
  readonly group: AmbientGroup
  /** The module it comes from, without `node:`; '' for a global. */
  readonly module: string
}

/** What to use in a simulation in its place. */
export const INSTEAD: Readonly<Record<AmbientGroup, string>> = {
  clock: 'reactor.now()',
  timers: 'reactor.callLater()',
  entropy: 'simulation.random',
  sockets: 'what the reactor of the host connects and listens with',
  processes: 'another simulated host',
}

type Place = [group: AmbientGroup, holder: unknown, prefix: string, names: readonly string[] | RegExp]

/** Everything of this Node; what its version does not have is not in it. */
export function ambientFunctions(): Ambient[] {
  const found = new Map<string, Ambient>()
  for (const [module, [group, holder, prefix, names]] of places()) {
    if (typeof holder !== 'function' && (typeof holder !== 'object' || holder === null)) continue
    const keys = names instanceof RegExp ? Object.getOwnPropertyNames(holder).filter((key) => names.test(key)) : names
    for (const key of keys) {
      if (!Object.hasOwn(holder, key)) continue
      const name = prefix + key
      found.set(`${module} ${name}`, { holder, key, name, group, module })
    }
  }
  return [...found.values()]
}

/** What may be allowed, in the order in which a message is to tell of it. */
export interface Allowable {
  readonly groups: readonly string[]
  readonly modules: readonly string[]
  /** Those of this Node, and those that other versions are known to have. */
  readonly names: readonly string[]
}

/** Every word that `allow` knows. */
export function allowable(): Allowable {
  const names = new Set(ambientFunctions().map(({ name }) => name))
  for (const [, [, , prefix, keys]] of places()) {
    // What a pattern stands for in a Node that has none of it, nobody knows.
    if (!(keys instanceof RegExp)) for (const key of keys) names.add(prefix + key)
  }
  return { groups: Object.keys(INSTEAD), modules: Object.keys(MODULES), names: [...names].sort() }
}

/** Each place with its module. */
function * places(): Generator<[module: string, place: Place], void> {
  for (const place of globals()) yield ['', place]
  for (const [name, placesOf] of Object.entries(MODULES)) {
    const module = process.getBuiltinModule(`node:${name}`) as Module | undefined
    if (module !== undefined) for (const place of placesOf(module)) yield [name, place]
  }
}

type Module = Record<string, unknown>

function globals(): Place[] {
  const { Temporal, crypto, performance } = globalThis as unknown as Module
  return [
    ['clock', globalThis, '', ['Date']],
    ['clock', Date, 'Date.', ['now']],
    // The same class: dates lead to it.
    ['clock', Date.prototype, 'Date.prototype.', ['constructor']],
    ['clock', (Temporal as Module | undefined)?.['Now'], 'Temporal.Now.', /^(?:instant|(?:plain|zoned).*ISO)$/],
    ['clock', prototypeOf(performance), 'performance.', ['now', 'mark', 'measure']],
    ['clock', process, 'process.', ['hrtime', 'uptime']],
    ['clock', process.hrtime, 'process.hrtime.', ['bigint']],
    ['timers', globalThis, '', ['setTimeout', 'setInterval', 'setImmediate']],
    ['timers', process, 'process.', ['nextTick']],
    ['timers', AbortSignal, 'AbortSignal.', ['timeout']],
    ['timers', Atomics, 'Atomics.', ['wait', 'waitAsync']],
    ['timers', globalThis, '', ['MessageChannel', 'BroadcastChannel']],
    ['entropy', Math, 'Math.', ['random']],
    ['entropy', prototypeOf(crypto), 'crypto.', ['getRandomValues', 'randomUUID']],
    ['entropy', prototypeOf((crypto as Module | undefined)?.['subtle']), 'crypto.subtle.', ['generateKey']],
    ['sockets', globalThis, '', ['fetch', 'WebSocket', 'EventSource']],
  ]
}

/** module → its places. */
const MODULES: Readonly<Record<string, (module: Module) => Place[]>> = {
  os: (module) => [['clock', module, 'os.', ['uptime']]],
  timers: (module) => [['timers', module, '', ['setTimeout', 'setInterval', 'setImmediate']]],
  'timers/promises': (module) => [
    ['timers', module, 'timers/promises.', ['setTimeout', 'setInterval', 'setImmediate']],
    ['timers', prototypeOf(module['scheduler']), 'timers/promises.scheduler.', ['wait', 'yield']],
  ],
  crypto: (module) => [
    ['entropy', module, 'crypto.', /^(?:random|generate|pseudoRandom|prng$|rng$)/],
    ...['DiffieHellman', 'DiffieHellmanGroup', 'ECDH'].map((name): Place => [
      'entropy', prototypeIn(module, name), `crypto.${name}.`, ['generateKeys'],
    ]),
  ],
  net: (module) => [
    ['sockets', module, 'net.', ['connect', 'createConnection', 'createServer']],
    ['sockets', prototypeIn(module, 'Socket'), 'net.Socket.', ['connect']],
    ['sockets', prototypeIn(module, 'Server'), 'net.Server.', ['listen']],
  ],
  tls: (module) => [['sockets', module, 'tls.', ['connect', 'createServer']]],
  dgram: (module) => [
    ['sockets', module, 'dgram.', ['createSocket']],
    ['sockets', prototypeIn(module, 'Socket'), 'dgram.Socket.', ['bind', 'connect', 'send']],
  ],
  dns: (module) => [
    ['sockets', module, 'dns.', LOOKUPS],
    ['sockets', prototypeIn(module, 'Resolver'), 'dns.Resolver.', LOOKUPS],
  ],
  'dns/promises': (module) => [
    ['sockets', module, 'dns/promises.', LOOKUPS],
    ['sockets', prototypeIn(module, 'Resolver'), 'dns/promises.Resolver.', LOOKUPS],
  ],
  http: (module) => [
    ['sockets', module, 'http.', ['request', 'get', 'createServer', 'ClientRequest']],
    ['sockets', prototypeIn(module, 'Agent'), 'http.Agent.', ['createConnection']],
  ],
  https: (module) => [
    ['sockets', module, 'https.', ['request', 'get', 'createServer']],
    ['sockets', prototypeIn(module, 'Agent'), 'https.Agent.', ['createConnection']],
  ],
  http2: (module) => [['sockets', module, 'http2.', ['connect', 'createServer', 'createSecureServer']]],
  child_process: (module) => [['processes', module, 'child_process.', /^(?:spawn|exec|execFile|fork)(?:Sync)?$/]],
  worker_threads: (module) => [
    ['processes', module, 'worker_threads.', ['Worker']],
    ['timers', module, '', ['MessageChannel', 'BroadcastChannel']],
  ],
}

const LOOKUPS = /^(?:lookup|lookupService|resolve\w*|reverse)$/

function prototypeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) as unknown : undefined
}

function prototypeIn(module: Module, name: string): unknown {
  return (module[name] as { prototype?: unknown } | undefined)?.prototype
}
