import { AsyncLocalStorage } from 'node:async_hooks'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { afterEach, describe, expect, it } from 'vitest'
import { CannotListenError, ConnectError } from '../../../src/errors/index.js'
import type { IUDPTransport, ListenUDPOptions, UDPAddress } from '../../../src/interfaces/index.js'
import { DatagramProtocol } from '../../../src/protocols/datagram-protocol.js'
import type { Reactor } from '../../../src/reactor/index.js'
import { logged } from '../../unit/reactor/log.js'
import { later, LOOPBACK, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const decoder = new TextDecoder()

/** Writes down what happens to it, and lets tests wait for it. */
class Datagrams extends DatagramProtocol {
  events: string[] = []
  received: { text: string, data: Uint8Array, address: UDPAddress }[] = []
  stopped = later()
  #wanted: (() => void)[] = []

  /** Settles when `condition` holds, looked at after each event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wanted.push(resolve))
  }

  /** Settles when `text` has come. */
  gets(text: string): Promise<void> {
    return this.until(() => this.received.some((one) => one.text === text))
  }

  override startProtocol(): void {
    this.#note('start')
  }

  override stopProtocol(): void {
    this.#note('stop')
    this.stopped.resolve()
  }

  override datagramReceived(data: Uint8Array, address: UDPAddress): void {
    const text = decoder.decode(data)
    this.received.push({ text, data, address })
    this.#note(`got ${data.length > 30 ? data.length : text}`)
  }

  override connectionRefused(): void {
    this.#note('refused')
  }

  #note(event: string): void {
    this.events.push(event)
    for (const wake of this.#wanted.splice(0)) wake()
  }
}

function open(reactor: Reactor, options: ListenUDPOptions = LOOPBACK): { port: IUDPTransport, protocol: Datagrams, at: UDPAddress } {
  const protocol = new Datagrams()
  const port = reactor.listenUDP(0, protocol, options)
  return { port, protocol, at: port.getHost() }
}

const peers: Socket[] = []
afterEach(async () => {
  for (const peer of peers.splice(0)) await new Promise<void>((resolve) => peer.close(resolve))
})

interface RawPeer {
  socket: Socket
  port: number
  got: string[]
  /** The next datagram that it gets. */
  next: () => Promise<string>
}

/** A socket that is not ours. */
async function rawPeer(type: 'udp4' | 'udp6' = 'udp4'): Promise<RawPeer> {
  const socket = createSocket(type)
  peers.push(socket)
  const got: string[] = []
  let taken = 0
  let wake = later()
  socket.on('message', (data) => {
    got.push(data.toString())
    wake.resolve()
    wake = later()
  })
  await new Promise<void>((resolve) => socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1', resolve))
  const next = async (): Promise<string> => {
    while (got.length === taken) await wake.promise
    return got[taken++]
  }
  return { socket, port: socket.address().port, got, next }
}

describe('UDP on Node', () => {
  it('is bound when listenUDP returns, and tells its protocol and `ready`', async () => {
    const { port, protocol, at } = open(newReactor())
    expect(protocol.events).toEqual(['start'])
    expect(protocol.transport).toBe(port)
    expect(at).toMatchObject({ family: 'IPv4', type: 'UDP', host: '127.0.0.1' })
    expect(at.port).toBeGreaterThan(0)
    expect(await port.ready).toBe(port)
  })

  it('exchanges datagrams with a socket that is not ours, whole and in order, also an empty one', async () => {
    const peer = await rawPeer()
    const { port, protocol, at } = open(newReactor())
    const texts = ['one', '', 'two', 'x'.repeat(8192), 'three']
    for (const text of texts) peer.socket.send(text, at.port, at.host)
    await protocol.gets('three')
    expect(protocol.received.map((one) => one.text)).toEqual(texts)
    expect(protocol.received[0].address).toEqual({ family: 'IPv4', type: 'UDP', host: '127.0.0.1', port: peer.port })
    for (const text of texts) port.write(text, protocol.received[0].address)
    for (const text of texts) expect(await peer.next()).toBe(text)
  })

  it('IPv6', async () => {
    const peer = await rawPeer('udp6')
    const { port, protocol, at } = open(newReactor(), { interface: '::1' })
    expect(at).toMatchObject({ family: 'IPv6', host: '::1' })
    port.write('hello', { host: '::1', port: peer.port })
    expect(await peer.next()).toBe('hello')
    peer.socket.send('back', at.port, '::1')
    await protocol.gets('back')
    expect(protocol.received[0].address).toEqual({ family: 'IPv6', type: 'UDP', host: '::1', port: peer.port })
    expect(() => port.write('x', { host: '127.0.0.1', port: 9 })).toThrow(TypeError)
  })

  it('what is received is the receiver\'s own, and longer datagrams are cut to maxPacketSize', async () => {
    const peer = await rawPeer()
    const { protocol, at } = open(newReactor(), { ...LOOPBACK, maxPacketSize: 5 })
    peer.socket.send('1234567', at.port, at.host)
    peer.socket.send('abcde', at.port, at.host)
    await protocol.gets('abcde')
    expect(protocol.received.map((one) => one.text)).toEqual(['12345', 'abcde'])
    protocol.received[0].data.fill(0)
    expect(decoder.decode(protocol.received[1].data)).toBe('abcde')
  })

  it('a used port: CannotListenError from listenUDP; nothing of the failed port is left', async () => {
    const reactor = newReactor()
    const { port, at } = open(reactor)
    const second = new Datagrams()
    expect(() => reactor.listenUDP(at.port, second, LOOPBACK)).toThrow(CannotListenError)
    expect(second.events).toEqual([])
    await port.stopListening()
    const third = new Datagrams()
    const again = reactor.listenUDP(at.port, third, LOOPBACK)
    expect(again.getHost().port).toBe(at.port)
  })

  it('wrong arguments are refused at once', () => {
    const reactor = newReactor()
    for (const number of [-1, 65536, 1.5]) expect(() => reactor.listenUDP(number, new Datagrams())).toThrow(RangeError)
    expect(() => reactor.listenUDP(0, {} as never)).toThrow(TypeError)
    expect(() => reactor.listenUDP(0, new Datagrams(), { interface: 'localhost' })).toThrow(TypeError)
    expect(() => reactor.listenUDP(0, new Datagrams(), { maxPacketSize: 0 })).toThrow(RangeError)
    const { port, at } = open(reactor)
    expect(() => port.write('x')).toThrow(TypeError)
    expect(() => port.write(5 as never, at)).toThrow(TypeError)
    for (const host of ['localhost', '', '127.1', '::1', undefined]) {
      expect(() => port.write('x', { host: host as string, port: 9 })).toThrow(TypeError)
    }
    for (const number of [0, 65536, NaN]) expect(() => port.write('x', { host: '127.0.0.1', port: number })).toThrow(RangeError)
    expect(() => port.write(new Uint8Array(65_508), at)).toThrow(RangeError)
    expect(() => port.connect('localhost', 9)).toThrow(TypeError)
  })

  it('a datagram of the largest size goes through', async () => {
    const { port, protocol, at } = open(newReactor(), { ...LOOPBACK, maxPacketSize: 65_536 })
    port.write(new Uint8Array(65_507), at)
    await protocol.until(() => protocol.received.length > 0)
    expect(protocol.received[0].data.length).toBe(65_507)
  })

  it('a datagramReceived that throws is logged, and the port goes on', async () => {
    const reactor = newReactor()
    const { port, protocol, at } = open(reactor)
    const receive = protocol.datagramReceived.bind(protocol)
    protocol.datagramReceived = (data, address) => {
      receive(data, address)
      if (decoder.decode(data) === 'bad') throw new Error('no taste')
    }
    const events = await logged(async () => {
      port.write('bad', at)
      port.write('good', at)
      await protocol.gets('good')
    })
    expect(events.map((event) => event.failure?.value.message)).toEqual(['no taste'])
  })

  it('stopListening: what was written goes out, stopProtocol comes once, nothing after it', async () => {
    const peer = await rawPeer()
    const { port, protocol, at } = open(newReactor())
    port.write('last words', { host: '127.0.0.1', port: peer.port })
    const stopping = port.stopListening()
    const again = port.stopListening()
    port.write('from beyond', { host: '127.0.0.1', port: peer.port })
    peer.socket.send('too late', at.port, at.host)
    expect(protocol.events).toEqual(['start'])
    await stopping
    await again
    expect(protocol.events).toEqual(['start', 'stop'])
    expect(port.stopListening()).toBeUndefined()
    port.write('nothing', { host: '127.0.0.1', port: peer.port })
    expect(await peer.next()).toBe('last words')
    expect(peer.got).toEqual(['last words'])
  })

  it('stopListening from inside datagramReceived ends it there', async () => {
    const { port, protocol, at } = open(newReactor())
    const receive = protocol.datagramReceived.bind(protocol)
    protocol.datagramReceived = (data, address) => {
      receive(data, address)
      void port.stopListening()
      protocol.events.push('returned')
    }
    port.write('1', at)
    port.write('2', at)
    await protocol.stopped.promise
    expect(protocol.events).toEqual(['start', 'got 1', 'returned', 'stop'])
  })

  it('a reactor that stops closes its ports', async () => {
    const reactor = newReactor()
    const { protocol } = open(reactor)
    const done = reactor.run()
    reactor.stop()
    await done
    expect(protocol.events).toEqual(['start', 'stop'])
  })

  it('one protocol on two ports starts and stops once', async () => {
    const reactor = newReactor()
    const { port, protocol } = open(reactor)
    const other = reactor.listenUDP(0, protocol, LOOPBACK)
    expect(protocol.transport).toBe(other)
    await port.stopListening()
    expect(protocol.events).toEqual(['start'])
    await other.stopListening()
    expect(protocol.events).toEqual(['start', 'stop'])
  })
})

describe('a UDP port and the asynchronous context', () => {
  it('calls its protocol in that of listenUDP, also after a flood', async () => {
    const reactor = newReactor()
    const storage = new AsyncLocalStorage<string>()
    const protocol = new Datagrams()
    const seen = new Set<string | undefined>()
    const receive = protocol.datagramReceived.bind(protocol)
    protocol.datagramReceived = (data, address) => {
      seen.add(storage.getStore())
      receive(data, address)
    }
    protocol.stopProtocol = () => void seen.add(storage.getStore())
    const port = storage.run('mine', () => reactor.listenUDP(0, protocol, LOOPBACK))
    await storage.run('other', async () => {
      for (let sent = 0; sent < 600; sent += 20) {
        for (let i = 0; i < 20; i++) port.write('x', port.getHost())
        await protocol.until(() => protocol.received.length >= sent + 20)
      }
      await port.stopListening()
    })
    expect([...seen]).toEqual(['mine'])
  })
})

describe('a connected UDP port', () => {
  it('writes without an address, also before the host has connected it, and hears only its peer', async () => {
    const reactor = newReactor()
    const peer = await rawPeer()
    const stranger = await rawPeer()
    const { port, protocol, at } = open(reactor)
    stranger.socket.send('before', at.port, at.host)
    await protocol.gets('before')
    port.connect('127.0.0.1', peer.port)
    port.write('one')
    port.write('two', { host: '127.0.0.1', port: peer.port })
    expect(() => port.write('x', { host: '127.0.0.1', port: stranger.port })).toThrow(TypeError)
    expect(() => port.connect('127.0.0.1', stranger.port)).toThrow(ConnectError)
    expect(await peer.next()).toBe('one')
    expect(await peer.next()).toBe('two')
    await new Promise<void>((resolve) => stranger.socket.send('spam', at.port, at.host, () => resolve()))
    peer.socket.send('answer', at.port, at.host)
    await protocol.gets('answer')
    expect(protocol.received.map((one) => one.text)).toEqual(['before', 'answer'])
  })

  it('what a stranger had sent before it was connected is not handed out after', async () => {
    const reactor = newReactor()
    const peer = await rawPeer()
    const stranger = await rawPeer()
    const { port, protocol, at } = open(reactor)
    // In the kernel's buffer already, for nothing is read in this tick.
    await new Promise<void>((resolve) => stranger.socket.send('early spam', at.port, at.host, () => {
      port.connect('127.0.0.1', peer.port)
      resolve()
    }))
    port.write('hello')
    expect(await peer.next()).toBe('hello')
    peer.socket.send('answer', at.port, at.host)
    await protocol.gets('answer')
    expect(protocol.received.map((one) => one.text)).toEqual(['answer'])
  })

  it('is told when nobody listens at the other end, and goes on', async () => {
    const reactor = newReactor()
    const gone = await rawPeer()
    const { port, protocol } = open(reactor)
    const vacant = gone.port
    await new Promise<void>((resolve) => peers.pop()!.close(resolve))
    port.connect('127.0.0.1', vacant)
    port.write('anyone?')
    await protocol.until(() => protocol.events.includes('refused'))
    port.write('anyone now?')
    await protocol.until(() => protocol.events.filter((event) => event === 'refused').length > 1)
    await port.stopListening()
    expect(protocol.events.at(-1)).toBe('stop')
  })

  it('stopped in the tick in which it was connected: what was written goes out', async () => {
    const peer = await rawPeer()
    const { port, protocol } = open(newReactor())
    port.connect('127.0.0.1', peer.port)
    port.write('hello')
    await port.stopListening()
    expect(protocol.events).toEqual(['start', 'stop'])
    expect(await peer.next()).toBe('hello')
  })
})

describe('UDP: broadcast', () => {
  it('is off until allowed', async () => {
    const { port } = open(newReactor())
    expect(port.getBroadcastAllowed()).toBe(false)
    port.setBroadcastAllowed(true)
    expect(port.getBroadcastAllowed()).toBe(true)
  })

  it('reaches every port of the network, here that of the loopback', async () => {
    const reactor = newReactor()
    const receiver = new Datagrams()
    const hears = reactor.listenUDP(0, receiver)
    const { port } = open(reactor)
    port.write('unheard', { host: '127.255.255.255', port: hears.getHost().port })
    port.setBroadcastAllowed(true)
    port.write('heard', { host: '127.255.255.255', port: hears.getHost().port })
    port.setBroadcastAllowed(false)
    port.write('unheard again', { host: '127.255.255.255', port: hears.getHost().port })
    port.write('end', { host: '127.0.0.1', port: hears.getHost().port })
    await receiver.gets('end')
    expect(receiver.received.map((one) => one.text)).toEqual(['heard', 'end'])
  })
})

describe('a flood of datagrams', () => {
  it('does not keep timers and other ports from their turn', async () => {
    const reactor = newReactor()
    const flooded = open(reactor)
    const other = open(reactor)
    let over = false
    const ended = later()
    // Each datagram sends two more, so that there is always one to read, until a timer and the other port were heard.
    const receive = flooded.protocol.datagramReceived.bind(flooded.protocol)
    flooded.protocol.datagramReceived = (data, address) => {
      receive(data, address)
      flooded.protocol.received.length = 0
      if (over) return
      flooded.port.write('more', flooded.at)
      if (flooded.protocol.events.length < 100) flooded.port.write('more', flooded.at)
    }
    flooded.port.write('begin', flooded.at)
    await flooded.protocol.until(() => flooded.protocol.events.length > 200)
    reactor.callLater(5, () => other.port.write('ping', other.at))
    void other.protocol.gets('ping').then(() => {
      over = true
      ended.resolve()
    })
    await ended.promise
    expect(flooded.protocol.events.length).toBeGreaterThan(200)
  })
})
