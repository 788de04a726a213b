/** Streams over MessagePorts and BroadcastChannels: those of Node, which are the same. */
import { BroadcastChannel, MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError, connectProtocol, Factory, Protocol,
  TimeoutError,
} from 'whorl'
import type { Failure } from 'whorl'
import { createReactor } from 'whorl/node'
import { BroadcastClientBase, BroadcastServerBase } from '../../../src/endpoints/broadcast.js'
import { MessagePortClientBase, MessagePortServerBase } from '../../../src/endpoints/message-port.js'
import type { MessageTargetLike } from '../../../src/endpoints/message-port.js'
import { fromMessagePort } from '../../../src/transports/index.js'
import type { MessagePortLike } from '../../../src/transports/index.js'

const reactor = createReactor()
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const transport of reactor.openTransports()) transport.abortConnection()
  for (const closer of closers.splice(0)) await closer()
})

class Recorder extends Protocol {
  length = 0
  text = ''
  reason: Error | null = null
  readonly events: string[] = []

  override dataReceived(data: Uint8Array): void {
    this.length += data.length
    if (data.length < 100) this.text += Buffer.from(data).toString()
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.reason = reason.value as Error
  }

  readConnectionLost(): void {
    this.events.push('read lost')
  }

  writeConnectionLost(): void {
    this.events.push('write lost')
  }
}

const like = (port: MessagePort): MessagePortLike => port as unknown as MessagePortLike
const until = (holds: () => boolean): Promise<void> => expect.poll(holds, { timeout: 10_000, interval: 5 }).toBe(true)

function pair(window?: number): [Recorder, Recorder] {
  const { port1, port2 } = new MessageChannel()
  const ends: [Recorder, Recorder] = [new Recorder(), new Recorder()]
  const more = window === undefined ? {} : { window }
  fromMessagePort(like(port1), { reactor, protocol: ends[0], ...more })
  fromMessagePort(like(port2), { reactor, protocol: ends[1], ...more })
  return ends
}

describe('fromMessagePort', () => {
  it('carries bytes both ways, and each end by itself', async () => {
    const [one, two] = pair()
    one.transport.write(new Uint8Array(1_000_000))
    two.transport.write('back')
    one.transport.loseWriteConnection()
    await until(() => two.events.length === 1)
    expect(two.length).toBe(1_000_000)
    expect(one.reason).toBe(null)
    two.transport.write(' again')
    two.transport.loseWriteConnection()
    await until(() => one.reason !== null && two.reason !== null)
    expect(one.text).toBe('back again')
    expect([one.events, two.events]).toEqual([['write lost', 'read lost'], ['read lost', 'write lost']])
    expect([one.reason, two.reason].every((reason) => reason instanceof ConnectionDone)).toBe(true)
  })

  it('lets a writer feel a reader that has paused', async () => {
    const [one, two] = pair(10_000)
    two.transport.pauseProducing()
    one.transport.write(new Uint8Array(500_000))
    await until(() => one.transport.writableLength === 500_000)
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(two.length).toBe(0)
    expect(one.transport.writableLength).toBe(500_000)
    two.transport.resumeProducing()
    await until(() => two.length === 500_000)
  })

  it('tells an abort', async () => {
    const [one, two] = pair()
    await until(() => one.connected && two.connected)
    one.transport.abortConnection()
    await until(() => one.reason !== null && two.reason !== null)
    expect(one.reason).toBeInstanceOf(ConnectionAborted)
    expect(two.reason).toBeInstanceOf(ConnectionLost)
  })

  it('tells that the other end has gone', async () => {
    const { port1, port2 } = new MessageChannel()
    const end = new Recorder()
    fromMessagePort(like(port1), { reactor, protocol: end })
    port2.close()
    await until(() => end.reason !== null)
    expect(end.reason).toBeInstanceOf(ConnectionLost)
  })

  it.each<[string, unknown[]]>([
    ['something that is no greeting', ['hello']], ['another version', [['whorl', 2, 1000, '']]],
    ['text for bytes', [['whorl', 1, 1000, ''], ['data', 'text']]],
    ['no bytes', [['whorl', 1, 1000, ''], ['data', new Uint8Array(0)]]],
    ['other numbers', [['whorl', 1, 1000, ''], ['data', new Float64Array(4)]]],
    ['more than there is room for', [['whorl', 1, 1000, ''],
      ...Array.from({ length: 5 }, () => ['data', new Uint8Array(65_000)])]],
    ['room for half a byte', [['whorl', 1, 1000, ''], ['credit', 0.5]]],
    ['an unknown kind', [['whorl', 1, 1000, ''], ['what']]],
    ['two ends', [['whorl', 1, 1000, ''], ['end'], ['end']]], ['an object', [['whorl', 1, 1000, ''], { kind: 'data' }]],
    ['a window that is no number', [['whorl', 1, 'wide', '']]],
  ])('is broken off by %s', async (_name, messages) => {
    const { port1, port2 } = new MessageChannel()
    const end = new Recorder()
    const transport = fromMessagePort(like(port1), { reactor, protocol: end })
    transport.pauseProducing()
    for (const message of messages) port2.postMessage(message)
    await until(() => end.reason !== null)
    expect(end.reason).toBeInstanceOf(ConnectionLost)
    expect(end.length).toBe(0)
  })

  it('takes nothing but MessagePorts, and a reactor', () => {
    expect(() => fromMessagePort({} as never, { reactor })).toThrow(TypeError)
    expect(() => fromMessagePort(like(new MessageChannel().port1), {} as never)).toThrow(TypeError)
  })
})

/** Node's ports take lists of what is transferred, browsers' take options as well; and say which ports came. */
function target(port: MessagePort): MessageTargetLike {
  return { postMessage: (message: unknown, { transfer }: { transfer: never[] }) => port.postMessage(message, transfer) }
}

describe('endpoints', () => {
  it('of MessagePorts meet by a name, and refuse what comes from elsewhere', async () => {
    const { port1, port2 } = new MessageChannel()
    closers.push(() => port1.close())
    const source = new EventTarget()
    port1.on('message', () => undefined)
    ;(port1 as unknown as EventTarget).addEventListener('message', (event) => {
      const { data, ports } = event as MessageEvent
      source.dispatchEvent(Object.assign(new Event('message'), {
        data, ports, origin: data[1] === 'elsewhere' ? 'https://e' : '',
      }))
    })
    const accepted: Recorder[] = []
    for (const name of ['a', 'elsewhere']) {
      const factory = new Factory()
      factory.buildProtocol = () => {
        accepted.push(new Recorder())
        return accepted.at(-1)!
      }
      await new MessagePortServerBase(reactor, source as never, { name }).listen(factory)
        .addCallback((port) => void closers.push(() => port.stopListening()))
    }
    const client = (name: string): MessagePortClientBase => new MessagePortClientBase(
      reactor, target(port2), () => new MessageChannel() as never, { name, timeout: 300 })
    const end = await connectProtocol(client('a'), new Recorder())
    end.transport.write('hello')
    await until(() => accepted[0]?.text === 'hello')
    await expect(connectProtocol(client('nobody'), new Recorder())).rejects.toThrow(TimeoutError)
    await expect(connectProtocol(client('elsewhere'), new Recorder())).rejects.toThrow(ConnectionRefusedError)
    expect(accepted).toHaveLength(1)
  })

  it('of BroadcastChannels meet by a name, one with one, however many listen', async () => {
    const open = (name: string): MessagePortLike => {
      const channel = new BroadcastChannel(name)
      channel.unref()
      // As those of browsers are.
      return {
        postMessage: (message) => channel.postMessage(message), close: () => channel.close(),
        addEventListener: (type, listener) => {
          if (type === 'message') channel.onmessage = listener as never
        },
      }
    }
    const accepted: Recorder[] = []
    const factory = new Factory()
    factory.buildProtocol = () => {
      accepted.push(new Recorder())
      return accepted.at(-1)!
    }
    for (let i = 0; i < 3; i++) {
      const port = await new BroadcastServerBase(reactor, 'test-chat', open).listen(factory)
      closers.push(() => port.stopListening())
    }
    const ends = [new Recorder(), new Recorder()]
    for (const end of ends) await connectProtocol(new BroadcastClientBase(reactor, 'test-chat', open), end)
    await until(() => accepted.length === 2)
    for (const [i, end] of ends.entries()) end.transport.write(`hello ${i}`)
    await until(() => accepted.every((one) => one.text !== ''))
    expect(accepted.map((one) => one.text).sort()).toEqual(['hello 0', 'hello 1'])
    for (const end of ends) end.transport.loseConnection()
    await until(() => accepted.every((one) => one.events.includes('read lost')))
    const nobody = new BroadcastClientBase(reactor, 'test-nobody', open, { timeout: 100 })
    await expect(connectProtocol(nobody, new Recorder())).rejects.toThrow(TimeoutError)
  })
})
