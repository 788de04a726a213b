/**
 * The gateway against programs that wish harm, and the ring between threads; no context is needed for that.
 */
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import { Protocol, ServerFactory } from '../../../src/protocols/index.js'
import { EmbeddingViolation } from '../../../src/errors/index.js'
import { Gateway, Kind, MessageReader, MessageWriter, SharedRing } from '../../../src/embedding/index.js'
import type { Field, GatewayLimits } from '../../../src/embedding/index.js'
import { createReactor } from '../../../bindings/node/index.js'

type Message = [kind: number, id: number, ...fields: Field[]]

const bytesOf = (...messages: Message[]): Uint8Array<ArrayBuffer> => {
  const writer = new MessageWriter()
  for (const [kind, id, ...fields] of messages) writer.add(kind as Kind, id, ...fields)
  return writer.take()
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const fn of cleanups.splice(0)) await fn()
})

/** A gateway, what it said, and a port of a server that keeps its connections. */
async function stage(limits?: Partial<GatewayLimits>, connect?: (port: number) => string) {
  const reactor = createReactor()
  const got: Uint8Array[] = []
  let connections = 0
  class Keeper extends Protocol {
    override connectionMade() { connections += 1 }
    override dataReceived(data: Uint8Array) { got.push(data) }
    override connectionLost() { connections -= 1 }
  }
  const port = reactor.listenTCP(0, ServerFactory.forProtocol(Keeper), { interface: '127.0.0.1' })
  await port.ready
  const number = port.getHost().port
  const heard: Message[] = []
  const violations: EmbeddingViolation[] = []
  const allowed = reactor.restrict({ connect: [connect?.(number) ?? `tcp:127.0.0.1:${number}`] })
  const gateway = new Gateway(allowed, {
    limits, failed: (error) => violations.push(error),
    send(batch) {
      const reader = new MessageReader(batch)
      for (let fields = reader.next(); fields !== null; fields = reader.next()) {
        heard.push([reader.kind, reader.id, ...fields])
      }
    },
  })
  cleanups.push(() => {
    gateway.close()
    return port.stopListening()
  })
  const until = async (test: () => boolean): Promise<void> => {
    while (!test()) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const of = (kind: number): Message[] => heard.filter((one) => one[0] === kind)
  const tell = (...messages: Message[]): void => gateway.receive(bytesOf(...messages))
  const open = async (id: number, credit = 65_536): Promise<void> => {
    tell([Kind.CONNECT, id, credit, '127.0.0.1', number, '', 0])
    await until(() => of(Kind.OPENED).some((one) => one[1] === id))
  }
  return { gateway, heard, violations, port: number, until, of, tell, open, got, connections: () => connections }
}

describe('what is no batch cuts a program off', () => {
  const whole = bytesOf([Kind.RESOLVE, 1, 'localhost', 0])
  it.each<[string, unknown]>([
    ['a text', 'hello'], ['nothing', null], ['an object with a length', { length: 3 }],
    ['a DataView', new DataView(new ArrayBuffer(9))], ['an Int32Array', new Int32Array(3)],
    ['a proxy of bytes', new Proxy(new Uint8Array(3), {})],
    ['half a length', new Uint8Array(3)], ['a length of 4 GiB', new Uint8Array([255, 255, 255, 255, 1, 1, 0, 0, 0])],
    ['a message without its end', whole.subarray(0, whole.length - 1)],
    ['an unknown kind', bytesOf([99, 1])], ['a kind of the other side', bytesOf([Kind.OPENED, 1, 1, '', 1, '', 1])],
    ['a text that is longer than its message', new Uint8Array([9, 0, 0, 0, Kind.RESOLVE, 1, 0, 0, 0, 255, 1, 65, 65])],
    ['bytes left over', new Uint8Array([6, 0, 0, 0, Kind.END, 1, 0, 0, 0, 7])],
    ['data for what was never open', bytesOf([Kind.DATA, 1, new Uint8Array(1)])],
    ['a number of the other side', bytesOf([Kind.CONNECT, 2, 1, 'localhost', 1, '', 0])],
    ['a credit beyond reason', bytesOf([Kind.CONNECT, 1, 0xffffffff, '127.0.0.1', 1, '', 0])],
    ['a family of addresses that is none', bytesOf([Kind.RESOLVE, 1, 'localhost', 5])],
  ])('%s', async (_name, batch) => {
    const { gateway, violations } = await stage()
    gateway.receive(batch)
    expect(violations).toHaveLength(1)
    expect(violations[0]).toBeInstanceOf(EmbeddingViolation)
    expect(gateway.closed).toBe(true)
    expect(gateway.open).toBe(0)
  })
})

describe('the gateway', () => {
  it('takes bytes of another realm, and calls nothing of theirs', async () => {
    const { gateway, violations, of, until } = await stage()
    const foreign = runInNewContext(`
      const made = new Uint8Array(${JSON.stringify([...bytesOf([Kind.RESOLVE, 1, '127.0.0.1', 0])])})
      Object.defineProperty(made, 'length', { get() { throw new Error('called') } })
      made[Symbol.iterator] = made.slice = made.subarray = () => { throw new Error('called') }
      made`) as unknown
    gateway.receive(foreign)
    await until(() => of(Kind.RESOLVED).length > 0)
    expect(of(Kind.RESOLVED)).toEqual([[Kind.RESOLVED, 1, '127.0.0.1']])
    expect(violations).toEqual([])
  })

  it('does what its reactor may, and names what it may not', async () => {
    const { tell, of, until, port } = await stage({}, (number) => `tcp:127.0.0.1:${number}`)
    tell([Kind.CONNECT, 1, 10, '127.0.0.1', port === 65_535 ? 1 : port + 1, '', 0],
      [Kind.LISTEN, 3, 1, '127.0.0.1', 0, 0, 0],
      [Kind.BIND, 5, 1, '127.0.0.1', 0, 0], [Kind.CONNECT, 7, 10, '127.0.0.1', port, '', 0],
      [Kind.CONNECT, 9, 10, '127.0.0.1', 1_000_000, '', 0])
    await until(() => of(Kind.FAILED).length === 4 && of(Kind.OPENED).length === 1)
    expect(of(Kind.FAILED).map(([, id, code]) => [id, code]).sort()).toEqual([
      [1, 'ERR_REACTOR_CAPABILITY'], [3, 'ERR_REACTOR_CAPABILITY'], [5, 'ERR_REACTOR_CAPABILITY'], [9, 'EFAILED']])
    expect(of(Kind.OPENED)[0]![1]).toBe(7)
  })

  it('opens no more than its limit, and says so', async () => {
    const { tell, of, until, open, gateway } = await stage({ handles: 2 })
    await open(1)
    await open(3)
    tell([Kind.RESOLVE, 5, 'localhost', 0])
    await until(() => of(Kind.FAILED).length > 0)
    expect(of(Kind.FAILED)[0]!.slice(1, 3)).toEqual([5, 'EMFILE'])
    expect(gateway.open).toBe(2)
  })

  it('cuts off who sends more than the window, and closes all of its connections', async () => {
    const { tell, open, violations, until, connections } = await stage({ window: 1000 })
    await open(1)
    await open(3)
    await until(() => connections() === 2)
    tell([Kind.DATA, 1, new Uint8Array(1000)], [Kind.DATA, 3, new Uint8Array(1001)])
    expect(violations[0]?.message).toContain('1001 bytes')
    await until(() => connections() === 0)
  })

  it.each<[string, Message[]]>([
    ['bytes after the end', [[Kind.END, 1], [Kind.DATA, 1, new Uint8Array(1)]]],
    ['two ends', [[Kind.END, 1], [Kind.END, 1]]],
    ['two closes', [[Kind.CLOSE, 1], [Kind.CLOSE, 1]]],
    ['an unknown option', [[Kind.OPTION, 1, 77, 1]]],
    ['credit without end', Array.from({ length: 2 }, () => [Kind.CREDIT, 1, 67_000_000])],
    ['a datagram into a stream', [[Kind.DATAGRAM, 1, '127.0.0.1', 1, new Uint8Array(1)]]],
  ])('cuts off for %s', async (_name, messages) => {
    const { tell, open, violations } = await stage()
    await open(1)
    tell(...messages)
    expect(violations).toHaveLength(1)
  })

  it('handles so many messages in a turn, and lets no more wait than fits', async () => {
    const { tell, open, gateway, violations, until, got } = await stage({ messages: 10, queued: 100_000 })
    await open(1)
    tell(...Array.from({ length: 100 }, (): Message => [Kind.DATA, 1, new Uint8Array(1)]))
    expect(violations).toEqual([])
    await until(() => got.reduce((sum, one) => sum + one.length, 0) === 100)
    const flood = bytesOf(...Array.from({ length: 5000 }, (): Message => [Kind.OPTION, 1, 1, 1]))
    for (let i = 0; i < 3 && !gateway.closed; i++) gateway.receive(flood)
    expect(violations[0]?.message).toContain('may wait')
  })

  it('sends no more than there is credit for', async () => {
    const reactor = createReactor()
    class Source extends Protocol {
      override connectionMade() { this.transport.write(new Uint8Array(500_000)) }
    }
    const source = reactor.listenTCP(0, ServerFactory.forProtocol(Source), { interface: '127.0.0.1' })
    await source.ready
    cleanups.push(() => source.stopListening())
    const { tell, of, until, heard } = await stage({}, () => 'tcp:127.0.0.1:*')
    tell([Kind.CONNECT, 1, 1000, '127.0.0.1', source.getHost().port, '', 0])
    const bytes = (): number => of(Kind.DATA).reduce((sum, one) => sum + (one[2] as Uint8Array).length, 0)
    await until(() => bytes() >= 1000)
    tell([Kind.RESOLVE, 3, '127.0.0.1', 0])
    await until(() => of(Kind.RESOLVED).length > 0)
    expect(bytes()).toBe(1000)
    tell([Kind.CREDIT, 1, 499_000])
    await until(() => bytes() === 500_000)
    expect(heard.at(-1)![0]).toBe(Kind.DATA)
  })

  it('ignores what comes for what has ended here', async () => {
    const { tell, of, until, violations } = await stage()
    tell([Kind.RESOLVE, 1, '127.0.0.1', 0])
    await until(() => of(Kind.RESOLVED).length > 0)
    tell([Kind.CLOSE, 1], [Kind.CREDIT, 1, 5], [Kind.DATA, 1, new Uint8Array(9)])
    expect(violations).toEqual([])
  })

  it('survives 2,000 batches of noise, each in a gateway of its own or cut off', async () => {
    const { gateway, violations } = await stage()
    let seed = 7
    const random = (most: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % most
    for (let i = 0; i < 2000; i++) {
      const noise = Uint8Array.from({ length: random(60) }, () => random(256))
      const one = new Gateway({} as never, { send: () => undefined, failed: (error) => violations.push(error) })
      one.receive(noise)
      if (noise.length > 0) expect(one.closed || one.open >= 0).toBe(true)
      one.close()
    }
    expect(violations.length).toBeGreaterThan(1500)
    expect(gateway.closed).toBe(false)
  })
})

describe('SharedRing', () => {
  const pair = (bytes: number, most?: number): [SharedRing, SharedRing, SharedArrayBuffer] => {
    const memory = new SharedArrayBuffer(SharedRing.memoryFor(bytes))
    return [new SharedRing(memory), new SharedRing(memory, most), memory]
  }

  it('carries batches whole and in order, also those that are longer than it is, around its end many times', () => {
    const [writer, reader] = pair(100)
    for (let i = 0; i < 300; i++) {
      const batch = Uint8Array.from({ length: (i * 37) % 501 }, (_, at) => at + i)
      writer.write(batch)
      let got = reader.read()
      while (got === null) {
        writer.flush()
        got = reader.read()
      }
      expect(got).toEqual(batch)
    }
    expect(writer.pending).toBe(0)
    expect(reader.read()).toBe(null)
  })

  it('keeps what finds no room', () => {
    const [writer, reader] = pair(64)
    writer.write(new Uint8Array(60))
    writer.write(new Uint8Array(60).fill(1))
    expect(writer.pending).toBe(64)
    expect(reader.read()).toHaveLength(60)
    expect(writer.flush()).toBe(true)
    expect(reader.read()).toEqual(new Uint8Array(60).fill(1))
  })

  it('trusts no counter and no length that the other side wrote', () => {
    const [, reader, memory] = pair(64)
    new Int32Array(memory)[0] = 1_000_000
    expect(() => reader.read()).toThrow(EmbeddingViolation)
    const [writer, bounded] = pair(64, 10)
    writer.write(new Uint8Array(11))
    expect(() => bounded.read()).toThrow('too long')
    expect(() => new SharedRing(new SharedArrayBuffer(100))).toThrow(RangeError)
  })
})
