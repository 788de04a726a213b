/**
 * `startListening()` between `stopListening()` and the Deferred that it returned: the port was bound anew, and stopped
 * again at once by the stop that was still under way.
 */
import { expect, it } from 'vitest'
import { CannotListenError } from '../../src/errors/index.js'
import { tcpAddress } from '../../src/transports/index.js'
import type { ListenSink, TCPHost } from '../../src/interfaces/index.js'
import { Factory } from '../../src/protocols/index.js'
import { fakeReactor } from '../unit/reactor/fake-host.js'

class Counting extends Factory {
  events: string[] = []

  override startFactory(): void {
    this.events.push('start')
  }

  override stopFactory(): void {
    this.events.push('stop')
  }
}

it('a port that is being stopped cannot be started; one that has stopped can', () => {
  const sinks: ListenSink[] = []
  const tcp: TCPHost = {
    listen: (_request, sink) => {
      sinks.push(sink)
      return { close: () => undefined }
    },
    connect: () => ({ cancel: () => undefined }),
  }
  const { host, reactor } = fakeReactor(undefined, tcp)
  const factory = new Counting()
  const port = reactor.listenTCP(80, factory)
  sinks[0].listening(tcpAddress('0.0.0.0', 80))
  const stopped = port.stopListening()!
  expect(() => port.startListening()).toThrow(CannotListenError)
  expect(sinks).toHaveLength(1)
  stopped.addCallback(() => port.startListening())
  host.settle()
  expect(sinks).toHaveLength(2)
  sinks[1].listening(tcpAddress('0.0.0.0', 80))
  host.settle()
  expect(factory.events).toEqual(['start', 'stop', 'start'])
  expect(factory.numPorts).toBe(1)
})
