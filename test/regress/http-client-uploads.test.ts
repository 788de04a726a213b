/**
 * A request whose body was still being sent when the response was whole, or unwanted, was nobody's any more: it could
 * not be given up, and went on for a redirection that nobody would follow with it. And the peer was blamed for a source
 * that took its time.
 */
import { describe, expect, it } from 'vitest'
import { RequestTimeoutError } from '../../src/errors/index.js'
import { RedirectAgent } from '../../src/http/client/index.js'
import type { ClientResponse, RequestOptions } from '../../src/http/client/index.js'
import { Lab, outcome } from '../unit/http/client-lab.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const NOTHING = { idle: 0, busy: 0, connecting: 0, waiting: 0 }

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

/** A body of two pieces; the second comes when it is let go. */
function slowly(): { body: AsyncIterable<string>, go: () => void, ended: () => boolean } {
  let go = (): void => undefined
  let isEnded = false
  const gate = new Promise<IteratorResult<string>>((resolve) => {
    go = () => resolve({ done: false, value: 'two' })
  })
  const steps: (IteratorResult<string> | Promise<IteratorResult<string>>)[] = [{ done: false, value: 'one' }, gate]
  const body: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => await (steps.shift() ?? { done: true, value: undefined }),
      return: async () => {
        isEnded = true
        return await Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  return { body, go, ended: () => isEnded }
}

async function post(lab: Lab, options: RequestOptions) {
  const got = outcome<ClientResponse>(lab.agent.request('POST', 'http://example.com/', options))
  const server = lab.accept()
  await settle()
  return { got, server }
}

describe('a body that is sent when the response is whole', () => {
  it.each(['signal', 'timeout'])('can still be given up by its %s', async (how) => {
    const lab = new Lab()
    const controller = new AbortController()
    const { body, ended } = slowly()
    const limit = how === 'signal' ? { signal: controller.signal } : { timeout: 9 }
    const { got, server } = await post(lab, { body, ...limit })
    server.say(OK)
    expect(outcome(got.value!.text()).value).toBe('ok')
    expect(server.transport.aborted).toBe(false)
    if (how === 'signal') controller.abort()
    else lab.reactor.advance(9)
    await settle()
    expect([server.transport.aborted, ended()]).toEqual([true, true])
    expect(lab.pool.counts).toEqual(NOTHING)
    expect(lab.reactor.getDelayedCalls()).toEqual([])
  })

  it('leaves no timer and no listener when it has been sent', async () => {
    const lab = new Lab()
    const { body, go } = slowly()
    const controller = new AbortController()
    const { server } = await post(lab, { body, signal: controller.signal, timeout: 1000 })
    server.say(OK)
    go()
    await settle()
    expect(server.said()).toMatch(/two\r\n0\r\n\r\n$/)
    controller.abort()
    lab.reactor.advance(1000)
    expect(lab.pool.counts).toEqual({ ...NOTHING, idle: 1 })
  })

  it('ends when the response is a redirection', async () => {
    const lab = new Lab()
    const { body, ended } = slowly()
    const agent = new RedirectAgent(lab.agent)
    const got = outcome(agent.request('POST', 'http://example.com/', { body }))
    const server = lab.accept()
    await settle()
    server.say('HTTP/1.1 303 See Other\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n')
    await settle()
    expect([server.transport.disconnecting, ended()]).toEqual([true, true])
    lab.accept(1).say(OK)
    expect(got.value).toMatchObject({ status: 200, url: 'http://example.com/there' })
  })
})

it('a response that nobody wants gets little time once the body is sent', async () => {
  const lab = new Lab()
  const { body, go } = slowly()
  const { got, server } = await post(lab, { body })
  server.say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
  got.value!.discard()
  go()
  await settle()
  lab.reactor.advance(999)
  expect(server.transport.aborted).toBe(false)
  lab.reactor.advance(1)
  expect(server.transport.aborted).toBe(true)
  expect(lab.pool.counts).toEqual(NOTHING)
})

it('a source may take its time, and the answer may not', async () => {
  const lab = new Lab({}, { timeouts: { send: 1000, response: 1000 } })
  const { body, go } = slowly()
  const { got, server } = await post(lab, { body })
  lab.reactor.advance(100_000)
  await settle()
  expect(got.error).toBeUndefined()
  go()
  await settle()
  expect(server.said()).toMatch(/two\r\n0\r\n\r\n$/)
  lab.reactor.advance(1000)
  expect(got.error).toBeInstanceOf(RequestTimeoutError)
  expect(got.error).toMatchObject({ phase: 'response' })
})

it.each([NaN, -1, '5'])('a wait of %s for 100 (Continue) is refused before anything is sent', (expectContinue) => {
  const lab = new Lab()
  const got = outcome(lab.agent.request('PUT', 'http://example.com/',
    { body: 'x', expectContinue: expectContinue as number }))
  expect(got.error).toBeInstanceOf(RangeError)
  expect(lab.attempts).toBe(0)
})
