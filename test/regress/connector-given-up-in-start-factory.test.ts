/** `stopConnecting()` from inside `startFactory` gave up the attempt, which then began all the same, in vain. */
import { expect, it } from 'vitest'
import type { ConnectSink, IConnector, TCPHost } from '../../src/interfaces/index.js'
import { ClientFactory } from '../../src/protocols/index.js'
import { fakeReactor } from '../unit/reactor/fake-host.js'

it('an attempt that is given up before it begins does not begin', () => {
  const sinks: ConnectSink[] = []
  const tcp: TCPHost = {
    listen: () => ({ close: () => undefined }),
    connect: (_request, sink) => {
      sinks.push(sink)
      return { cancel: () => undefined }
    },
  }
  const { host, reactor } = fakeReactor(undefined, tcp)
  const events: string[] = []
  let connector: IConnector | null = null
  const factory = new (class extends ClientFactory {
    override startFactory(): void {
      connector?.stopConnecting()
    }

    override clientConnectionFailed(_connector: IConnector, reason: { value: Error }): void {
      events.push(reason.value.name)
    }
  })()
  connector = reactor.connectTCP('10.0.0.1', 80, factory)
  sinks[0].failed(new Error('no'))
  connector.connect()
  host.settle()
  expect(sinks).toHaveLength(1)
  expect(events).toEqual(['ConnectError', 'UserError'])
  expect(reactor.getDelayedCalls()).toEqual([])
})
