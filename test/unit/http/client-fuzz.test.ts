/**
 * The HTTP client under servers and programs that do anything, in any order.
 *
 * Invariants: whatever happens, nothing throws out of the connection; every request comes to a result or a failure once
 * all connections have ended and all deadlines have passed; then nothing is left in the pool,
   nor a timer in the reactor. And an
 * answer means the same however it is cut.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Deferred } from '../../../src/defer/index.js'
import type { ClientResponse } from '../../../src/http/client/index.js'
import { Lab, outcome, ServerEnd } from './client-lab.js'

const PIECES = [
  'HTTP/1.1 200 OK\r\n', 'HTTP/1.0 200 OK\r\n', 'HTTP/1.1 204 No\r\n', 'HTTP/1.1 304 Same\r\n', 'HTTP/1.1 413 Much\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Hints\r\n\r\n',
    'HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: x\r\n',
  'Content-Length: 0\r\n', 'Content-Length: 5\r\n', 'Content-Length: 100000\r\n', 'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n', 'Keep-Alive: timeout=2\r\n', '\r\n', 'hello', '5\r\nhello\r\n', '0\r\n\r\n',
    '0\r\nX: y\r\n\r\n', 'f', '\n', '\0',
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
]

/** Answers, or their beginnings: what servers say most of the time. */
const WHOLE = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 'HTTP/1.1 200 OK\r\n\r\nhello', 'HTTP/1.1 204 No\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'HTTP/1.1 413 Much\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello', 'HTTP/1.1 100 Continue\r\n\r\n', '0\r\n\r\n',
]

type Step =
  | { do: 'ask', method: string, body: 'none' | 'text' | 'long' | 'pieces' | 'endless' | 'broken', options: number }
  | { do: 'say', server: number, first: number, pieces: number[], cut: number }
  | { do: 'lose' | 'reset', server: number }
  | { do: 'accept' | 'refuse', attempt: number }
  | { do: 'cancel' | 'abort' | 'read' | 'discard' | 'iterate', request: number }
  | { do: 'advance', ms: number }

const index = fc.nat({ max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({
    do: fc.constant('ask' as const), method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'CONNECT'),
    body: fc.constantFrom('none' as const, 'text' as const, 'long' as const, 'pieces' as const, 'endless' as const,
      'broken' as const),
    options: fc.nat({ max: 7 }),
  }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('accept' as const), attempt: index }) },
  { weight: 10, arbitrary: fc.record({
    do: fc.constant('say' as const), server: index, cut: fc.nat({ max: 40 }),
    first: fc.nat({ max: WHOLE.length + 2 }), pieces: fc.array(fc.nat({ max: PIECES.length - 1 }), { maxLength: 3 }),
  }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('refuse' as const), attempt: index }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'reset' as const), server: index }) },
  { weight: 4, arbitrary: fc.record({
    do: fc.constantFrom('cancel' as const, 'abort' as const, 'read' as const, 'discard' as const, 'iterate' as const),
      request: index,
  }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const),
    ms: fc.constantFrom(1, 1000, 5000, 100_000) }) },
)

class Run {
  readonly lab = new Lab({ maxPerHost: 2 }, { timeouts: { body: 50_000, response: 50_000 } })
  readonly servers: ServerEnd[] = []
  readonly requests: { deferred: Deferred<ClientResponse>, got: { value?: ClientResponse, error?: Error },
    controller: AbortController }[] = []
  /** What readers wait for. */
  readonly readings: Promise<unknown>[] = []
  #taken = 0

  take(one: Step): void {
    switch (one.do) {
      case 'ask': {
        const controller = new AbortController()
        const body = this.#body(one.body)
        const deferred = this.lab.agent.request(one.method, 'http://example.com/', {
          body, signal: controller.signal, expectContinue: (one.options & 1) !== 0,
            timeout: (one.options & 2) !== 0 ? 40_000 : undefined,
          upgrade: (one.options & 4) !== 0 ? 'x' : undefined,
        })
        this.requests.push({ deferred, got: outcome(deferred), controller })
        break
      }
      case 'accept':
      case 'refuse': {
        const record = this.lab.reactor.tcpClients[this.#taken]
        if (record === undefined) break
        this.#taken += 1
        if (record.connector.state !== 'connecting') break
        if (one.do === 'accept') this.servers.push(this.lab.accept(this.#taken - 1))
        else record.connector.fail(new Error('refused'))
        break
      }
      case 'say': {
        const server = this.servers[one.server]
        const answer = (WHOLE[one.first] ?? '') + one.pieces.map((piece) => PIECES[piece]!).join('')
        for (const part of [answer.slice(0, one.cut), answer.slice(one.cut)]) {
          // What a closed connection brings, nobody hears.
          if (server !== undefined && !server.transport.disconnecting && part !== '') server.say(part)
        }
        break
      }
      case 'lose':
        this.servers[one.server]?.lose()
        break
      case 'reset':
        this.servers[one.server]?.reset()
        break
      case 'cancel':
        this.requests[one.request]?.deferred.cancel()
        break
      case 'abort':
        this.requests[one.request]?.controller.abort()
        break
      case 'advance':
        this.lab.reactor.advance(one.ms)
        break
      default: {
        const response = this.requests[one.request]?.got.value
        if (response === undefined || response.body.isTaken) break
        if (one.do === 'discard') response.discard()
        else if (one.do === 'read') this.readings.push(response.read(10).asPromise())
        else this.readings.push(this.#iterate(response))
      }
    }
  }

  async #iterate(response: ClientResponse): Promise<void> {
    let pieces = 0
    for await (const piece of response) {
      expect(piece.length).toBeGreaterThan(0)
      pieces += 1
      if (pieces === 3) break
    }
  }

  #body(kind: string) {
    switch (kind) {
      case 'none': return null
      case 'text': return 'text'
      case 'long': return 'x'.repeat(150_000)
      case 'pieces': return ['a', 'b']
      case 'endless': return { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }
      default: return (function* () {
        yield 'a'
        throw new Error('broken')
      })()
    }
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 30; i++) await Promise.resolve()
}

describe('the HTTP client', () => {
  it('comes to an end, whatever happens', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const run = new Run()
      for (const one of steps) {
        run.take(one)
        await settle()
      }
      for (let round = 0; run.lab.pool.counts.waiting + run.lab.pool.counts.connecting > 0 && round < 100; round++) {
        for (const { connector } of run.lab.reactor.tcpClients) {
          if (connector.state === 'connecting') connector.fail(new Error('refused'))
        }
        for (const server of run.servers) server.lose()
        await settle()
      }
      for (const server of run.servers) server.lose()
      await settle()
      run.lab.reactor.advance(1_000_000)
      await settle()
      for (const { got } of run.requests) expect(Number('value' in got) + Number('error' in got)).toBe(1)
      for (const { got } of run.requests) expect(got.value?.body.isEnded ?? true).toBe(true)
      expect(run.lab.pool.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 })
      expect(run.lab.reactor.getDelayedCalls()).toEqual([])
      await Promise.allSettled(run.readings)
    }), { numRuns: 500 })
  })

  it('hears the same, however it is cut', () => {
    const answers = fc.array(fc.constantFrom(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'HTTP/1.1 204 No\r\n\r\n',
      'HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n'
        + '3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n',
      'HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nKeep-Alive: timeout=9\r\n\r\n',
    ), { minLength: 1, maxLength: 4 })
    fc.assert(fc.property(answers, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (list, sizes) => {
      const hear = (cut: (answer: string) => string[]): unknown[] => {
        const lab = new Lab()
        let server: ServerEnd | null = null
        return list.map((answer) => {
          const got = outcome(lab.agent.request('GET', 'http://example.com/'))
          server ??= lab.accept()
          for (const piece of cut(answer)) server.say(piece)
          const response = got.value!
          return [response.status, outcome(response.text()).value, [...response.trailers], lab.pool.counts.idle,
            lab.attempts]
        })
      }
      const whole = hear((answer) => [answer])
      let at = 0
      expect(hear((answer) => {
        const pieces: string[] = []
        for (let from = 0; from < answer.length;) {
          const size = sizes[at++ % sizes.length]!
          pieces.push(answer.slice(from, from + size))
          from += size
        }
        return pieces
      })).toEqual(whole)
    }), { numRuns: 200 })
  })
})
