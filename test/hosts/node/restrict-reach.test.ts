/**
 * There is no way around a restricted reactor through objects: everything that can be reached from one, and from what a
 * protocol connected through one is handed, is walked, and nothing of it belongs to the reactor behind it.
 *
 * Walked are properties, own and inherited, by name and symbol, what getters give, entries of collections, and what
 * methods return and throw when they are called with the arguments of somebody who is curious. Functions of the language
 * and of Node are where the walk ends.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Reactor } from '../../../bindings/node/index.js'
import { Deferred, Failure } from '../../../src/defer/index.js'
import { CapabilityError } from '../../../src/errors/index.js'
import type { IDatagramProtocol, IUDPTransport } from '../../../src/interfaces/index.js'
import { logPublisher } from '../../../src/logger/index.js'
import { Reactor as ReactorClass } from '../../../src/reactor/index.js'
import { connectionOf, isStreamTransport } from '../../../src/transports/stream-transport.js'
import { StaticResolver } from '../../../src/transports/resolve-static.js'
import { later, listen, LOOPBACK, portOf, reactors, Recorder, TestFactory } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft({ delayedCalls: false })
const newReactor = reactors(afterEach)

// The walk calls what nobody calls so, and that is told.
beforeEach(() => logPublisher.addObserver(ignore))
afterEach(() => logPublisher.removeObserver(ignore))
const ignore = (): void => undefined

/** Objects of the language and of the test: the walk does not go through them. */
const INTRINSICS = new Set<unknown>()
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (['globalThis', 'global', 'self', 'process'].includes(name)) continue
  const value = (globalThis as Record<string, unknown>)[name]
  for (const one of [value, (value as { prototype?: unknown } | null | undefined)?.prototype]) {
    if ((typeof one === 'object' && one !== null) || typeof one === 'function') INTRINSICS.add(one)
  }
}
for (const object of [
  Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype), Buffer.prototype,
  Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(new Map().entries()),
  Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), Object.getPrototypeOf(function* () {}),
  Object.getPrototypeOf(async () => undefined), Object.getPrototypeOf(async function* () {}),
]) INTRINSICS.add(object)

/** Methods that end what is looked at, or wait for ever. */
const NOT_CALLED = /^(?:constructor|loseConnection|abortConnection|stopProducing|stopListening|close|end|fail|free|drain|return|throw|cancel|disconnect|stopConnecting|loseWriteConnection|startTLS|connectionLost|pauseProducing|removeTransport|removeConnector|removePort|connectionEnded|closed|reset|failed|finish|finished|closeAll|abortAll|ended|receivedEnd|attempt\w+|accepted|addTransport|addConnector|addPort|start|makeConnection|readable|writable|exit|enter|switchProtocol|installNameResolver|debug|info|warn|error|critical|failure|logFailure|trouble|post|whenOpen|bound|connect|refused|connected|begin|abort)$/

/** Whether an accessor gives a method of a class that is frozen: what it gives is the same for everybody. */
function wasMethod(link: object, get: () => unknown): boolean {
  if (!Object.isFrozen(link)) return false
  try {
    return typeof get.call(undefined) === 'function'
  } catch {
    return false
  }
}

/** Everything that can be reached from `roots`, with the way to it. */
function reach(roots: Record<string, unknown>): Map<unknown, string> {
  const found = new Map<unknown, string>()
  const queue: [unknown, string][] = []
  const add = (value: unknown, way: string): void => {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return
    if (found.has(value) || INTRINSICS.has(value) || way.split('.').length > 12) return
    found.set(value, way)
    if (value instanceof Promise) value.catch((error: unknown) => found.set(error, `${way}.rejected`))
    queue.push([value, way])
  }
  const attempt = (way: string, call: () => unknown): void => {
    try {
      add(call(), way)
    } catch (error) {
      add(error, `${way}!`)
    }
  }
  // A callback that looks at what it is called with, and as.
  let where = ''
  const spy = function (this: unknown, ...args: unknown[]): void {
    add(this, `${where}.this`)
    for (const arg of args) add(arg, `${where}.handed`)
  }
  INTRINSICS.add(spy)
  for (const [name, root] of Object.entries(roots)) add(root, name)
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [object, way] = next as [object, string]
    add(Object.getPrototypeOf(object), `${way}.__proto__`)
    if (object instanceof Map || object instanceof Set || Array.isArray(object)) {
      for (const [key, value] of object.entries()) {
        add(key, `${way}.key`)
        add(value, `${way}.${String(key)}`)
      }
    }
    if (ArrayBuffer.isView(object)) add(object.buffer, `${way}.buffer`)
    if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) continue
    for (let link: object = object; link !== null && !INTRINSICS.has(link); link = Object.getPrototypeOf(link) as object) {
      for (const key of Reflect.ownKeys(link)) {
        const { get, value: plain } = Object.getOwnPropertyDescriptor(link, key)!
        const name = `${way}.${String(key)}`
        // A frozen class has its methods as accessors.
        const value: unknown = get !== undefined && wasMethod(link, get) ? get.call(link) : plain
        if (get !== undefined && value === undefined) {
          if (!NOT_CALLED.test(String(key))) attempt(name, () => get.call(object))
          add(get, `${name}(get)`)
        } else {
          add(value, name)
          const isClass = typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
          if (typeof value !== 'function' || isClass || typeof object === 'function' || NOT_CALLED.test(String(key))) continue
          where = `${name}()`
          for (const args of [[], [spy], [1, spy], ['127.0.0.1', spy], [0, new TestFactory()], ['127.0.0.1', 1, new TestFactory()]]) {
            attempt(`${name}()`, () => value.apply(object, args) as unknown)
          }
        }
      }
    }
    // What callbacks are called with.
    if (object instanceof Deferred) {
      object.addBoth(function (this: unknown, ...args: unknown[]) {
        add(this, `${way}.this`)
        for (const arg of args) add(arg, `${way}.argument`)
        return args[0]
      })
    }
    if (object instanceof Error) add(object.cause, `${way}.cause`)
  }
  return found
}

/** Whether a prototype is of a class of the language or of Node, which code in a realm of its own does not share. */
function isNodes(prototype: object): boolean {
  const { constructor } = prototype
  return /\[native code\]|^class (?:Buffer|FastBuffer|AbortSignal|ReadableStream|WritableStream)/.test(
    Function.prototype.toString.call(constructor))
}

/** The private parts of a reactor, told by what they can do. */
function isForbidden(value: unknown, real: Reactor, restricted: Reactor): string | null {
  if (value === real) return 'the real reactor'
  if (value === real.host) return 'its host'
  if (value === real.queue) return 'its queue'
  if (value === real.nameResolver) return 'its resolver'
  const members = value as Record<string, unknown>
  if (value instanceof ReactorClass && value !== restricted && value !== ReactorClass.prototype) {
    const isOwn = Object.isFrozen(value) || Object.prototype.hasOwnProperty.call(value, 'constructor')
    if (!isOwn) return 'another reactor'
  }
  if (isStreamTransport(value) && connectionOf(value).reactor !== restricted) return 'a connection of another reactor'
  if (typeof members === 'object' && value !== null) {
    for (const name of ['useUserBuffer', 'resetAndDestroy', '_handle', '_onTimeout', 'hasRef']) {
      if (name in members && typeof value === 'object' && value !== null) return `something of Node's (${name})`
    }
  }
  return null
}

describe('what can be reached from a restricted reactor', () => {
  class Nosy extends Recorder {
    readonly seen: Record<string, unknown> = {}
    override dataReceived(data: Uint8Array): void {
      this.seen['data'] = data
      super.dataReceived(data)
    }
  }

  it('is its own: nothing leads to the reactor behind it, its host, its sockets or its connections', async () => {
    const real = newReactor()
    real.installNameResolver(new StaticResolver({ 'good.test': '127.0.0.1' }, real.nameResolver))
    const servers = new TestFactory()
    const port = portOf(await listen(real, servers))
    const restricted = real.restrict({
      connect: [`tcp:127.0.0.1:${port}`, 'tcp:good.test:*', 'udp:127.0.0.1:*'], listen: ['tcp:127.0.0.1:0', 'udp:127.0.0.1:0'],
    })
    const other = real.callLater(3_600_000, () => undefined)
    const roots: Record<string, unknown> = { restricted }

    // A connection out, everything its factory and protocol are handed, and what they are called as.
    class Clients extends TestFactory<Nosy> {
      override buildProtocol(address: never) {
        roots['address'] = address
        return super.buildProtocol(address)
      }
      override startedConnecting(...args: unknown[]): void {
        roots['started'] = args
      }
      override clientConnectionFailed(...args: [never, Failure]): void {
        roots['failed'] = args
        super.clientConnectionFailed(...args)
      }
      override clientConnectionLost(...args: [never, Failure]): void {
        roots['lost'] = args
        super.clientConnectionLost(...args)
      }
    }
    const clients = new Clients(() => new Nosy())
    roots['connector'] = restricted.connectTCP('127.0.0.1', port, clients)
    const client = await clients.first
    const server = await servers.first
    server.transport.write('hello')
    await client.until('hello')
    roots['protocol'] = client
    roots['transport'] = client.transport
    // The bytes are in memory of their own.
    expect((client.seen['data'] as Uint8Array).buffer.byteLength).toBe(5)

    // A refusal, a failed attempt, a name, a port, a connection in, datagrams, calls.
    for (const call of [
      () => restricted.connectTCP('127.0.0.1', 1, clients), () => restricted.listenTCP(1, clients),
      () => restricted.nameResolver.resolve('evil.test'), () => restricted.nameResolver.resolve('good.test'),
      () => restricted.nameResolver.resolve({ toString: () => 'good.test' } as never),
    ]) {
      try {
        roots[`result ${Object.keys(roots).length}`] = call()
      } catch (error) {
        roots[`error ${Object.keys(roots).length}`] = error
      }
    }
    const refused = new Clients(() => new Nosy())
    restricted.connectTCP('good.test', 1, refused)
    await refused.failed
    const accepting = new TestFactory<Nosy>(() => new Nosy())
    const own = restricted.listenTCP(0, accepting, LOOPBACK)
    await own.ready
    real.connectTCP('127.0.0.1', portOf(own), new TestFactory())
    roots['port'] = own
    roots['accepted'] = await accepting.first
    roots['call'] = restricted.callLater(3_600_000, function (this: unknown) {
      roots['this of a call'] = this
    })
    const done = later()
    restricted.callLater(0, function (this: unknown, ...args: unknown[]) {
      roots['called as'] = [this, ...args]
      done.resolve()
    })
    await done.promise
    roots['trigger'] = restricted.addSystemEventTrigger('during', 'shutdown', () => undefined)
    roots['loop'] = restricted.loopingCall(() => undefined)
    roots['task'] = restricted.cooperate([1, 2][Symbol.iterator]())
    roots['later'] = restricted.deferLater(0, () => undefined)
    roots['pieces'] = client.transport[Symbol.asyncIterator]()
    server.transport.write('piece')
    roots['piece'] = await (roots['pieces'] as AsyncIterator<Uint8Array>).next()
    const datagrams: IDatagramProtocol & { transport?: IUDPTransport } = {
      makeConnection(transport) {
        this.transport = transport
      },
      datagramReceived() {}, connectionRefused() {}, doStop() {},
    }
    const udp = restricted.listenUDP(0, datagrams, LOOPBACK)
    await udp.ready
    roots['udp'] = udp
    // Its socket is handed to callbacks: an object that shows nothing, and whose methods ask.
    ;(udp as unknown as { whenOpen(fn: (handle: object) => void): void }).whenOpen((handle) => {
      roots['handle'] = Object.create(Object.getPrototypeOf(handle) as object)
      expect([Reflect.ownKeys(handle), Object.isFrozen(Object.getPrototypeOf(handle))]).toEqual([[], true])
    })

    const found = reach(roots)
    const bad = [...found].flatMap(([value, way]) => {
      const why = isForbidden(value, real, restricted)
      return why === null ? [] : [`${way}: ${why}`]
    })
    expect(bad).toEqual([])
    expect([...found.keys()]).not.toContain(other)
    expect(found.size).toBeGreaterThan(200)

    // Nobody who reaches a class can change what it does for others: all are frozen but the test's own.
    const tests = [Nosy, Recorder, Clients, TestFactory].map((kind) => kind.prototype as unknown)
    const open = [...found].filter(([value, way]) => way.endsWith('__proto__') && typeof value === 'object' &&
      !Object.isFrozen(value) && !tests.includes(value) && !isNodes(value as object))
    expect(open.map(([value, way]) => `${way} ${(value as object).constructor.name}`)).toEqual([])

    client.transport.abortConnection()
    await client.lost
    await Promise.all([own.stopListening(), udp.stopListening()])
    for (const call of [...restricted.getDelayedCalls(), other]) if (call.active()) call.cancel()
  })

  it('the walk finds what is there to be found', () => {
    const real = newReactor()
    const secret = { hidden: true }
    const ways = (root: unknown): string[] =>
      [...reach({ root })].filter(([value]) => value === secret).map(([, way]) => way)
    class Holder {
      readonly #secret = secret
      get got() {
        return { [Symbol.for('deep')]: [new Map([['key', this.#secret]])] }
      }
    }
    expect(ways(new Holder())).toEqual(['root.got.Symbol(deep).0.key'])
    expect(ways({ call: () => secret })).toEqual(['root.call()'])
    expect(ways({ with: (fn: (one: unknown) => void) => fn?.(secret) })).toEqual(['root.with().handed'])
    expect(ways({ as: (fn: () => void) => fn?.call(secret) })).toEqual(['root.as().this'])
    expect(ways({ broken() { throw new Error('no', { cause: secret }) } })).toEqual(['root.broken()!.cause'])
    expect(ways(new (class { readonly #secret = secret; has() { return this.#secret === secret } })())).toEqual([])
    const restricted = real.restrict({})
    expect(isForbidden(real, real, restricted)).toBe('the real reactor')
    expect(isForbidden(restricted, real, restricted)).toBeNull()
  })
})

describe('attacks on a restricted reactor', () => {
  it('its classes, and those of what it makes, cannot be changed', () => {
    const restricted = newReactor().restrict({}) as unknown as Record<string, unknown>
    expect(() => {
      restricted['connectTCP'] = () => undefined
    }).toThrow(TypeError)
    for (let link = Object.getPrototypeOf(restricted) as object; link !== Object.prototype;
      link = Object.getPrototypeOf(link) as object) {
      expect(Object.isFrozen(link)).toBe(true)
      expect(Object.isFrozen(link.constructor)).toBe(true)
    }
  })

  it('methods of the class it is derived from do no more than its own', async () => {
    const real = newReactor()
    const restricted = real.restrict({ connect: ['tcp:good.test:1'] })
    const base = ReactorClass.prototype
    const clients = new TestFactory()
    base.connectTCP.call(restricted, '127.0.0.1', 9, clients)
    expect((await clients.failed).value).toBeInstanceOf(CapabilityError)
    expect(() => base.listenTCP.call(restricted, 0, new TestFactory())).toThrow(/Cannot listen|listen/i)
    expect(() => base.stop.call(restricted)).toThrow()
    expect(real.running).toBe(false)
    // A resolver of the attacker's own makes no address a granted one.
    base.installNameResolver.call(restricted, new StaticResolver({ 'good.test': '127.0.0.1' }))
    const again = new TestFactory()
    restricted.connectTCP('good.test', 1, again)
    expect((await again.failed).value).toBeInstanceOf(CapabilityError)
    await new Promise((resolve) => setImmediate(resolve))
  })

  it('the class makes nothing that could do more', () => {
    const restricted = newReactor().restrict({})
    const Kind = restricted.constructor as new (...args: unknown[]) => Reactor
    expect(() => new Kind(restricted, { core: () => undefined, host: restricted.host }, undefined).connectTCP(
      '127.0.0.1', 1, new TestFactory())).toThrow()
    const own = new (ReactorClass as unknown as new (parts: unknown) => Reactor)({ core: () => undefined, host: restricted.host })
    expect(() => own.connectTCP('127.0.0.1', 1, new TestFactory())).toThrow(/tcp|TCP|supported/)
  })

  it('arguments are read once, and are what they seem', () => {
    const real = newReactor()
    const restricted = real.restrict({ connect: ['tcp:127.0.0.1:1'], listen: ['tcp:127.0.0.1:0', 'unix:/run/app/*'] })
    const factory = new TestFactory()
    const shifty = (...values: unknown[]): object => ({
      toString: () => values.shift(), valueOf: () => values.shift(), [Symbol.toPrimitive]: () => values.shift(),
    })
    class Name extends String {}
    for (const host of [shifty('127.0.0.1', '127.0.0.2'), new Name('127.0.0.1'), ['127.0.0.1'], null, undefined]) {
      expect(() => restricted.connectTCP(host as never, 1, factory)).toThrow(TypeError)
    }
    for (const port of [shifty(1, 2), new Number(1), '1', [1], NaN]) {
      expect(() => restricted.connectTCP('127.0.0.1', port as never, factory)).toThrow(RangeError)
    }
    let reads = 0
    const options = { get interface() { return ++reads === 1 ? '127.0.0.1' : '0.0.0.0' } }
    const port = restricted.listenTCP(0, factory, options)
    expect(port.getHost().host).toBe('127.0.0.1')
    expect(reads).toBe(1)
    for (const path of ['/run/app/../x', '/run/app//x', '/run/app/x/y', 'run/app/x', '/run/app/.', '/run/app/\0x', '\0/run/app/x',
      new Name('/run/app/x')]) {
      expect(() => restricted.listenUNIX(path as never, factory), String(path)).toThrow(/not given|needed/)
    }
    void port.stopListening()
  })

  it('what restrict() was given does not change afterwards', () => {
    const real = newReactor()
    const connect = ['tcp:127.0.0.1:1']
    const grants = { connect }
    const restricted = real.restrict(grants)
    connect.push('tcp:*:*')
    Object.assign(grants, { connect: ['tcp:*:*'], lifecycle: true })
    expect(() => restricted.connectTCP('127.0.0.1', 2, new TestFactory())).toThrow(CapabilityError)
    expect(() => restricted.stop()).toThrow(CapabilityError)
  })
})
