/**
 * A host that can connect but not listen has the part `tcp`: that it cannot listen was told as CannotListenError or as
 * the failure of an attempt, as if it were the port's or the network's fault. And `entropy`, `wallClock` and `onSignal`
 * did not tell why the host has none.
 */
import { expect, it } from 'vitest'
import { createCore } from '../../src/core/index.js'
import { NotSupportedError } from '../../src/errors/index.js'
import type { HostPort, TCPHost } from '../../src/interfaces/index.js'
import { ClientFactory, Factory } from '../../src/protocols/index.js'
import { Reactor } from '../../src/reactor/index.js'
import { FakeHost } from '../unit/reactor/fake-host.js'

const lack = (feature: string): NotSupportedError => new NotSupportedError('fake', feature, { reason: 'so it is' })

it('what the host does not support is a NotSupportedError, thrown or told later', () => {
  const tcp: TCPHost = {
    listen: () => {
      throw lack('listenTCP')
    },
    connect: () => {
      throw lack('connectTCP')
    },
  }
  const host = new FakeHost()
  const reactor = new Reactor({ core: () => createCore(), host, tcp })
  expect(() => reactor.listenTCP(80, new Factory())).toThrow(lack('listenTCP').message)
  const factory = new ClientFactory()
  const failures: unknown[] = []
  factory.clientConnectionFailed = (_connector, reason) => void failures.push(reason.value)
  reactor.connectTCP('127.0.0.1', 80, factory)
  host.settle()
  expect(failures).toEqual([expect.any(NotSupportedError)])
  const later = new Reactor({
    core: () => createCore(), host,
    tcp: {
      ...tcp,
      listen: (_request, sink) => {
        sink.failed(lack('listenTCP'))
        return { close: () => undefined }
      },
    },
  })
  const told: unknown[] = []
  later.listenTCP(80, new Factory()).ready.addErrback((failure) => void told.push(failure.value))
  expect(told).toEqual([expect.any(NotSupportedError)])
})

it.each(['entropy', 'wallClock', 'onSignal'] as const)('%s tells why there is none', (feature) => {
  const host: HostPort = new FakeHost()
  Object.defineProperty(host, feature, { value: undefined })
  const reactor = new Reactor({ core: () => createCore(), host, lacks: { [feature]: `no ${feature} on the moon` } })
  const use = { entropy: () => reactor.entropy(1), wallClock: () => reactor.wallClock(),
    onSignal: () => reactor.onSignal('TERM', () => undefined) }
  expect(use[feature]).toThrow(`no ${feature} on the moon`)
})
