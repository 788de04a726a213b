/** Connections that are kept, requests that wait for them, deadlines, and giving up at every stage. */
import { describe, expect, it } from 'vitest'
import { Deferred } from '../../../src/defer/index.js'
import {
  CancelledError, ConnectionRefusedError, RequestTimeoutError, ResponseFailed, ResponseNeverReceived,
} from '../../../src/errors/index.js'
import { Agent, HTTPConnectionPool } from '../../../src/http/client/index.js'
import type { ClientResponse, RequestOptions } from '../../../src/http/client/index.js'
import { MemoryReactor } from '../../../src/testing/memory-reactor.js'
import { Lab, latin1, outcome } from './client-lab.js'
import type { ServerEnd } from './client-lab.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const NOTHING = { idle: 0, busy: 0, connecting: 0, waiting: 0 }
const get = (lab: Lab, path = '/', options: RequestOptions = {}) =>
  outcome<ClientResponse>(lab.agent.request('GET', `http://example.com${path}`, options))

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

describe('a pool', () => {
  it('keeps a connection for the next request to the same place', () => {
    const lab = new Lab()
    const first = get(lab)
    const server = lab.accept()
    server.say(OK)
    expect(first.value!.status).toBe(200)
    expect(lab.pool.counts).toEqual({ ...NOTHING, idle: 1 })
    get(lab, '/second')
    expect(lab.pool.counts).toEqual({ ...NOTHING, busy: 1 })
    expect(server.said()).toContain('GET /second')
    for (const url of ['http://example.com:81/', 'http://other.example/', 'https://example.com/']) {
      outcome(lab.agent.request('GET', url))
    }
    expect(lab.attempts).toBe(4)
  })

  it('serves the request that the end of a body calls for on the same connection', () => {
    const lab = new Lab()
    const done: string[] = []
    const again = (left: number): void => {
      lab.agent.request('GET', `http://example.com/${left}`)
        .addCallback((response) => response.text())
        .addCallback((body) => {
          done.push(body)
          if (left > 0) again(left - 1)
        })
    }
    again(3)
    const server = lab.accept()
    for (let i = 0; i < 4; i++) server.say(OK)
    expect(done).toEqual(['ok', 'ok', 'ok', 'ok'])
    expect(lab.attempts).toBe(1)
  })

  it('does not share connections between agents with other TLS', () => {
    const reactor = new MemoryReactor({ 'example.com': '192.0.2.1' })
    const pool = new HTTPConnectionPool(reactor)
    const one = new Agent(reactor, { pool, tls: { minVersion: 'TLSv1.3' } })
    const two = new Agent(reactor, { pool })
    const keys: string[] = []
    const { acquire } = HTTPConnectionPool.prototype
    pool.acquire = function (waiting, fresh) {
      keys.push(waiting.destination.key)
      return acquire.call(this, waiting, fresh)
    }
    for (const agent of [one, two, one]) outcome(agent.request('GET', 'https://example.com/'))
    expect(keys[0]).toBe(keys[2])
    expect(keys[0]).not.toBe(keys[1])
  })

  it.each<[string, string]>([
    ['the server says so', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['it is of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['more comes than was asked for', `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
    ['half a response comes behind it', `${OK}HTTP/1.1 200`],
    ['rubbish comes behind it', `${OK}!`],
  ])('does not keep a connection when %s', (_title, answer) => {
    const lab = new Lab()
    const first = get(lab)
    const server = lab.accept()
    server.say(answer)
    expect(outcome(first.value!.text()).value).toBe('ok')
    expect(server.transport.disconnecting).toBe(true)
    expect(lab.pool.counts).toEqual(NOTHING)
    get(lab)
    expect(lab.attempts).toBe(2)
  })

  it('closes a connection on which something comes that nobody asked for', () => {
    const lab = new Lab()
    get(lab)
    const server = lab.accept()
    server.say(OK)
    server.say('HTTP/1.1 408 Request Timeout\r\n\r\n')
    expect([server.transport.disconnecting, lab.pool.counts.idle]).toEqual([true, 0])
  })

  it('has requests wait in order when there are enough connections', () => {
    const lab = new Lab({ maxPerHost: 2 })
    const got = ['/1', '/2', '/3', '/4', '/5'].map((path) => get(lab, path))
    expect(lab.pool.counts).toEqual({ ...NOTHING, connecting: 2, waiting: 3 })
    const [one, two] = [lab.accept(0), lab.accept(1)]
    one.say(OK)
    expect(one.said()).toContain('GET /3')
    two.say('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    expect(lab.attempts).toBe(3)
    expect(lab.accept(2).said()).toContain('GET /4')
    // The third is sent again, behind the one that has waited for longer.
    one.reset()
    const last = lab.accept(3)
    expect(last.said()).toContain('GET /5')
    expect(lab.pool.counts).toEqual({ ...NOTHING, busy: 2, waiting: 1 })
    last.say(OK)
    expect(last.said()).toContain('GET /3')
    last.say(OK)
    expect(got.map(({ value }) => value?.status)).toEqual([200, 200, 200, undefined, 200])
  })

  it('tells a request that waits of its own connection\'s failure, and goes on with the next', () => {
    const lab = new Lab({ maxPerHost: 1 })
    const [first, second] = [get(lab), get(lab)]
    lab.reactor.tcpClients[0]!.connector.fail(new ConnectionRefusedError())
    expect(first.error).toBeInstanceOf(ConnectionRefusedError)
    lab.accept(1).say(OK)
    expect(second.value!.status).toBe(200)
  })

  it('keeps so many idle ones, the last used the longest', () => {
    const lab = new Lab({ maxPersistentPerHost: 2 })
    for (let i = 0; i < 3; i++) get(lab)
    const servers = [0, 1, 2].map((index) => lab.accept(index))
    for (const server of servers) server.say(OK)
    expect(servers.map((server) => server.transport.disconnecting)).toEqual([true, false, false])
    get(lab)
    for (const server of servers) server.transport.clear()
    get(lab)
    expect(servers.map((server) => server.said() !== '')).toEqual([false, true, false])
  })

  it('closes idle ones after a while, and before the server does', () => {
    for (const [field, ms] of [['', 30_000], ['Keep-Alive: timeout=5, max=100\r\n', 4000],
      ['Keep-Alive: timeout=500\r\n', 30_000]] as const) {
      const lab = new Lab()
      get(lab)
      const server = lab.accept()
      server.say(`HTTP/1.1 200 OK\r\n${field}Content-Length: 0\r\n\r\n`)
      lab.reactor.advance(ms - 1)
      expect(server.transport.disconnecting).toBe(false)
      lab.reactor.advance(1)
      expect([server.transport.disconnecting, lab.pool.counts.idle]).toEqual([true, 0])
    }
    const lab = new Lab()
    get(lab)
    const server = lab.accept()
    server.say('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n')
    expect(server.transport.disconnecting).toBe(true)
  })

  it('sets one timer for a busy connection, and none of a closed one is left', () => {
    const lab = new Lab()
    get(lab)
    const server = lab.accept()
    const timers = lab.reactor.getDelayedCalls().length
    for (let i = 0; i < 20; i++) {
      server.say(OK)
      lab.reactor.advance(10)
      get(lab)
    }
    expect(lab.reactor.getDelayedCalls().length).toBe(timers)
    server.say(OK)
    server.lose()
    expect(lab.reactor.getDelayedCalls()).toEqual([])
  })

  it('sends an idempotent request again, once, when a kept connection ends without a word', () => {
    const lab = new Lab()
    get(lab)
    const server = lab.accept()
    server.say(OK)
    const again = get(lab)
    server.reset()
    expect(again).toEqual({})
    const fresh = lab.accept(1)
    expect(fresh.said()).toContain('GET /')
    fresh.reset()
    expect(again.error).toBeInstanceOf(ResponseNeverReceived)
    expect(lab.attempts).toBe(2)
  })

  it.each<[string, string, RequestOptions, object, string]>([
    ['is not idempotent', 'POST', { body: 'x' }, {}, ''],
    ['has a body that cannot be sent again', 'PUT', { body: (function* () { yield 'x' })() }, {}, ''],
    ['has been answered in part', 'GET', {}, {}, 'HTTP/1.1 2'],
    ['is not to be', 'GET', {}, { retryAutomatically: false }, ''],
  ])('does not when it %s', async (_title, method, options, pool, answer) => {
    const lab = new Lab(pool)
    get(lab)
    const server = lab.accept()
    server.say(OK)
    const again = outcome(lab.agent.request(method, 'http://example.com/', options))
    await settle()
    if (answer !== '') server.say(answer)
    server.reset()
    expect(again.error).toBeInstanceOf(ResponseFailed)
    expect(lab.attempts).toBe(1)
  })

  it('sends it again when all places are taken, too', () => {
    const lab = new Lab({ maxPerHost: 1 })
    get(lab)
    const server = lab.accept()
    server.say(OK)
    const [again, waiting] = [get(lab), get(lab)]
    server.reset()
    const second = lab.accept(1)
    second.say(OK)
    second.say(OK)
    expect([again.value?.status, waiting.value?.status]).toEqual([200, 200])
  })

  it('closes what is idle when told, and later what was in use', async () => {
    const lab = new Lab()
    get(lab)
    get(lab)
    const [one, two] = [lab.accept(0), lab.accept(1)]
    one.say(OK)
    const closed = outcome(lab.pool.closeCachedConnections())
    expect([one.transport.disconnecting, two.transport.disconnecting]).toEqual([true, false])
    expect('value' in closed).toBe(false)
    one.lose()
    expect('value' in closed).toBe(true)
    two.say(OK)
    expect(two.transport.disconnecting).toBe(true)
    expect('value' in outcome(lab.pool.closeCachedConnections())).toBe(true)
  })

  it('refuses options that are none', () => {
    const reactor = new MemoryReactor()
    for (const options of [{ maxPerHost: 0 }, { maxPerHost: 1.5 }, { maxPersistentPerHost: -1 },
      { cachedConnectionTimeout: -1 }]) {
      expect(() => new HTTPConnectionPool(reactor, options)).toThrow(RangeError)
    }
    expect(() => new HTTPConnectionPool({} as never)).toThrow(TypeError)
    expect(() => new Agent(reactor, { timeouts: { nothing: 1 } as never })).toThrow(TypeError)
    expect(() => new Agent(reactor, { timeouts: { body: -1 } })).toThrow(RangeError)
  })
})

/** A body that never goes on. */
const endless = (): AsyncIterable<string> => ({
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
})

describe('a deadline', () => {
  const timeouts = { connect: 1000, tls: 1100, send: 2000, response: 3000, body: 4000 }
  const late = async (phase: string, ms: number, options: RequestOptions, steps: (server: () => ServerEnd) => void,
    url = 'http://example.com/') => {
    const lab = new Lab({}, { timeouts })
    let server: ServerEnd | null = null
    const got = outcome(lab.agent.request('POST', url, options))
    steps(() => server ??= lab.accept())
    await settle()
    const whole = got.value === undefined ? got : outcome(got.value.read())
    lab.reactor.advance(ms - 1)
    expect(whole.error).toBeUndefined()
    lab.reactor.advance(1)
    expect(whole.error).toBeInstanceOf(RequestTimeoutError)
    expect(whole.error).toMatchObject({ phase, name: 'RequestTimeoutError' })
    if (server !== null) expect((server as ServerEnd).transport.aborted).toBe(true)
    expect(lab.pool.counts).toEqual(NOTHING)
    if (server !== null) (server as ServerEnd).reset()
    expect(lab.reactor.getDelayedCalls()).toEqual([])
  }

  it('holds for connecting', () => late('connect', 1000, {}, () => undefined))
  it('holds for the name', async () => {
    const lab = new Lab({}, { timeouts })
    let cancelled = 0
    lab.reactor.installNameResolver({ resolve: () => new Deferred(() => { cancelled += 1 }) })
    const got = get(lab)
    lab.reactor.advance(1000)
    expect(got.error).toMatchObject({ phase: 'connect' })
    expect(cancelled).toBeGreaterThan(0)
  })
  it('holds for sending', () => late('send', 2000, { body: (async function* () { yield 'piece' })() }, (server) => {
    // The peer takes nothing.
    server().transport.drain = () => new Deferred()
  }))
  it('holds for the head', () => late('response', 3000, {}, (server) => server().say('HTTP/1.1 200 OK\r\nSlow')))
  it('holds for the body', () => late('body', 4000, {},
    (server) => server().say('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow')))
  it('holds for all of it, while it waits', () => late('total', 500, { timeout: 500 }, () => undefined))
  it('holds for all of it, while it is sent', () =>
    late('total', 500, { timeout: 500, body: endless() }, (server) => server()))
  it('holds for all of it, while it is answered', () =>
    late('total', 500, { timeout: 500 }, (server) => server().say('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow')))

  it('moves with every piece of a body, and with none of a head', () => {
    const lab = new Lab({}, { timeouts })
    const got = get(lab)
    const server = lab.accept()
    lab.reactor.advance(2999)
    server.say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n')
    const whole = outcome(got.value!.read())
    for (let i = 0; i < 100; i++) {
      lab.reactor.advance(3999)
      server.say('x')
    }
    expect(whole.value).toHaveLength(100)
    const second = get(lab)
    for (let i = 0; i < 3; i++) {
      server.say('H')
      lab.reactor.advance(1000)
    }
    expect(second.error).toBeDefined()
  })

  it('does not count while the reader takes its time', async () => {
    const lab = new Lab({}, { timeouts })
    const got = get(lab)
    const server = lab.accept()
    server.say('HTTP/1.1 200 OK\r\n\r\n')
    server.say(new Uint8Array(100_000))
    expect(server.transport.producerState).toBe('paused')
    lab.reactor.advance(1_000_000)
    expect(server.transport.aborted).toBe(false)
    let bytes = 0
    const reading = (async () => {
      for await (const piece of got.value!) bytes += piece.length
    })()
    await settle()
    lab.reactor.advance(4000)
    await expect(reading).rejects.toMatchObject({ phase: 'body' })
    expect(bytes).toBe(100_000)
  })
})

describe('giving up', () => {
  /** Stages, and how to get there. */
  const stages: Record<string, { pool?: object, options?: RequestOptions, url?: string,
    steps?: (lab: Lab) => ServerEnd | null }> = {
    'waiting for a place': {
      pool: { maxPerHost: 1 },
      steps: () => null,
    },
    'asking for the name': {},
    'connecting': { steps: () => null },
    'the TLS handshake': { url: 'https://example.com/', steps: (lab) => lab.accept() },
    'waiting for 100 (Continue)': { options: { body: 'x', expectContinue: true }, steps: (lab) => lab.accept() },
    'sending': { options: { body: endless() }, steps: (lab) => lab.accept() },
    'waiting for the head': { steps: (lab) => lab.accept() },
    'in the head': {
      steps: (lab) => {
        const server = lab.accept()
        server.say('HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 2')
        return server
      },
    },
    'in the body': {
      steps: (lab) => {
        const server = lab.accept()
        server.say('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf')
        return server
      },
    },
    'in the body, while it is sent': {
      options: { body: endless() },
      steps: (lab) => {
        const server = lab.accept()
        server.say('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf')
        return server
      },
    },
  }

  for (const [stage, { pool = {}, options = {}, url = 'http://example.com/', steps }] of Object.entries(stages)) {
    for (const how of ['Deferred', 'AbortSignal']) {
      it(`by ${how}: ${stage}`, async () => {
        const lab = new Lab(pool)
        if (stage === 'asking for the name') lab.reactor.installNameResolver({ resolve: () => new Deferred() })
        const blocker = stage === 'waiting for a place' ? get(lab) : null
        const controller = new AbortController()
        const response = lab.agent.request('POST', url,
          { ...options, signal: how === 'AbortSignal' ? controller.signal : undefined })
        const server = steps?.(lab) ?? null
        await settle()
        // As a program has it: one chain for all of it.
        const body = response.addCallback((answered) => answered.read())
        const got = outcome(body)
        expect(got).toEqual({})
        if (how === 'Deferred') body.cancel()
        else controller.abort(new Error('enough'))
        expect(got.error).toBeInstanceOf(CancelledError)
        if (how === 'AbortSignal') expect(got.error!.cause).toEqual(new Error('enough'))
        if (server !== null) expect(server.transport.aborted).toBe(true)
        if (blocker === null) {
          expect(lab.pool.counts).toEqual(NOTHING)
          server?.reset()
          expect(lab.reactor.getDelayedCalls()).toEqual([])
        } else {
          expect(lab.pool.counts).toEqual({ ...NOTHING, connecting: 1 })
          lab.accept().say(OK)
          expect(blocker.value!.status).toBe(200)
          expect(lab.pool.counts).toEqual({ ...NOTHING, idle: 1 })
        }
      })
    }
  }

  it('before it began does nothing', () => {
    const lab = new Lab()
    expect(get(lab, '/', { signal: AbortSignal.abort() }).error).toBeInstanceOf(CancelledError)
    expect([lab.attempts, lab.pool.counts]).toEqual([0, NOTHING])
  })

  it('after the end does nothing, and leaves no listener', () => {
    const lab = new Lab()
    const controller = new AbortController()
    const { signal } = controller
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = function (this: AbortSignal, ...args: Parameters<typeof addEventListener>) {
      listeners += 1
      return addEventListener.apply(this, args)
    } as typeof addEventListener
    signal.removeEventListener = function (this: AbortSignal, ...args: Parameters<typeof removeEventListener>) {
      listeners -= 1
      return removeEventListener.apply(this, args)
    } as typeof removeEventListener
    const got = get(lab, '/', { signal })
    const server = lab.accept()
    expect(listeners).toBe(1)
    server.say(OK)
    expect(listeners).toBe(0)
    controller.abort()
    expect(outcome(got.value!.text()).value).toBe('ok')
    expect(lab.pool.counts.idle).toBe(1)
  })

  it('a body that is iterated', async () => {
    const lab = new Lab()
    const controller = new AbortController()
    const got = get(lab, '/', { signal: controller.signal })
    const server = lab.accept()
    server.say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
    const reading = (async () => {
      for await (const piece of got.value!) expect(piece).toEqual(latin1('half'))
    })()
    await settle()
    controller.abort()
    await expect(reading).rejects.toBeInstanceOf(CancelledError)
    expect(server.transport.aborted).toBe(true)
  })
})
