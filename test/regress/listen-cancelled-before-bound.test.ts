/**
 * Cancelling what `endpoint.listen` gave, before the host had bound the port: the port fired the cancelled Deferred a
 * second time, and the AlreadyCalledError was reported as an error that nobody had handled.
 */
import { expect, it } from 'vitest'
import { listening } from '../../src/endpoints/listening.js'
import { CancelledError } from '../../src/errors/index.js'
import type { IListeningPort, ListenSink, TCPHost } from '../../src/interfaces/index.js'
import { Factory } from '../../src/protocols/index.js'
import { tcpAddress } from '../../src/transports/index.js'
import { fakeReactor } from '../unit/reactor/fake-host.js'

it.each(['listening', 'failed'] as const)('a cancelled listen() fires once, though the port is %s later', (outcome) => {
  let sink: ListenSink | null = null
  let closed = 0
  const tcp: TCPHost = {
    listen: (_request, given) => {
      sink = given
      return { close: () => void (closed += 1) }
    },
    connect: () => ({ cancel: () => undefined }),
  }
  const { host, reactor } = fakeReactor(undefined, tcp)
  const outcomes: unknown[] = []
  let port: IListeningPort | null = null
  const bound = listening(() => port = reactor.listenTCP(80, new Factory()))
  bound.addBoth((result: unknown) => void outcomes.push((result as { value?: unknown }).value))
  bound.cancel()
  expect(outcomes).toEqual([expect.any(CancelledError)])
  if (outcome === 'listening') sink!.listening(tcpAddress('0.0.0.0', 80))
  else sink!.failed(new Error('planted'))
  host.settle()
  expect(outcomes).toHaveLength(1)
  // What `ready` holds is the port or nothing: no AlreadyCalledError.
  const held: unknown[] = []
  port!.ready.addBoth((result: unknown) => void held.push(result))
  expect(held).toEqual([outcome === 'listening' ? port : undefined])
  expect(closed).toBe(1)
})
