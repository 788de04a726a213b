/** UDP ports on a host that the test plays: late answers, floods, and what order things come in. */
import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/defer/index.js'
import { CannotListenError, MulticastError, NotSupportedError } from '../../../src/errors/index.js'
import type { DatagramHandle, DatagramHost, DatagramRequest, DatagramSink } from '../../../src/interfaces/index.js'
import { DatagramProtocol } from '../../../src/protocols/datagram-protocol.js'
import { Reactor } from '../../../src/reactor/index.js'
import { createCore } from '../../../src/core/index.js'
import { MulticastPort, udpAddress } from '../../../src/transports/index.js'
import { FakeHost, fakeReactor } from '../reactor/fake-host.js'
import { logged } from '../reactor/log.js'
import { bytes } from './fake-channel.js'

const decoder = new TextDecoder()
const PEER = { host: '10.0.0.2', port: 9 }

class FakeUDP implements DatagramHost {
  requests: DatagramRequest[] = []
  calls: string[] = []
  sink!: DatagramSink
  /** What `bind` does before it returns. */
  onBind: (sink: DatagramSink) => void = () => undefined
  onConnect: () => void = () => undefined
  /** Whether the host tells of a connection at once. */
  connected: ((error: unknown) => void) | null = null

  bind(request: DatagramRequest, sink: DatagramSink): DatagramHandle {
    this.requests.push(request)
    this.sink = sink
    this.onBind(sink)
    const note = (call: string) => (...args: unknown[]): void => void this.calls.push([call, ...args].join(' '))
    return {
      send: (data, host, port) => note('send')(decoder.decode(data), host ?? 'peer', port),
      connect: (host, port, done) => {
        note('connect')(host, port)
        this.onConnect()
        this.connected = done
      },
      setBroadcast: note('broadcast'),
      addMembership: (group, iface) => {
        note('join')(group, iface)
        if (group === '224.0.0.9') throw new Error('no such device')
      },
      dropMembership: note('leave'),
      setTTL: note('ttl'),
      setLoopback: note('loopback'),
      setInterface: (iface) => {
        note('interface')(iface)
        if (iface === '10.0.0.9') throw new Error('no such device')
      },
      pause: note('pause'),
      resume: note('resume'),
      close: note('close'),
    }
  }
}

class Noting extends DatagramProtocol {
  events: string[] = []
  override startProtocol(): void {
    this.events.push('start')
  }
  override stopProtocol(): void {
    this.events.push('stop')
  }
  override datagramReceived(data: Uint8Array): void {
    this.events.push(decoder.decode(data))
  }
  override connectionRefused(): void {
    this.events.push('refused')
  }
  listenFailed(reason: Failure): void {
    this.events.push(`failed ${reason.value.name}`)
  }
}

function rig(now = true) {
  const udp = new FakeUDP()
  const address = udpAddress('10.0.0.1', 7)
  if (now) udp.onBind = (sink) => sink.bound(address)
  const host = new FakeHost()
  const reactor = new Reactor({ core: () => createCore(), host, udp })
  const protocol = new Noting()
  return { udp, host, reactor, protocol, address, bound: () => udp.sink.bound(address) }
}

describe('a UDP port that its host binds later', () => {
  it('starts its protocol then, and sends what was written before in order', () => {
    const { udp, reactor, protocol, bound } = rig(false)
    const port = reactor.listenUDP(7, protocol, { interface: '10.0.0.1' })
    expect(udp.requests).toEqual([{ host: '10.0.0.1', port: 7, shared: false }])
    port.write('1', PEER)
    port.setBroadcastAllowed(true)
    port.write('2', PEER)
    protocol.startProtocol = () => {
      protocol.events.push('start')
      port.write('3', PEER)
    }
    let ready: unknown = null
    port.ready.addCallback((value) => void (ready = value))
    expect([protocol.events, udp.calls]).toEqual([[], []])
    bound()
    expect(protocol.events).toEqual(['start'])
    expect(udp.calls).toEqual(['send 1 10.0.0.2 9', 'broadcast true', 'send 2 10.0.0.2 9', 'send 3 10.0.0.2 9'])
    expect(ready).toBe(port)
  })

  it('cannot be bound: `ready` and listenFailed say so, doStop is not called', () => {
    const { udp, reactor, protocol } = rig(false)
    const port = reactor.listenUDP(7, protocol)
    let reason: Error | null = null
    port.ready.addErrback((failure: Failure) => void (reason = failure.value))
    const cause = new Error('in use')
    udp.sink.failed(cause)
    expect(reason).toBeInstanceOf(CannotListenError)
    expect((reason as unknown as Error).cause).toBe(cause)
    expect(protocol.events).toEqual(['failed CannotListenError'])
    expect(port.stopListening()).toBeUndefined()
    port.write('x', PEER)
    expect(udp.calls).toEqual([])
  })

  it('stopped before it is bound: it starts, sends, closes and stops', () => {
    const { udp, host, reactor, protocol, bound } = rig(false)
    const port = reactor.listenUDP(7, protocol)
    port.write('1', PEER)
    let stopped = 0
    port.stopListening()?.addCallback(() => void (stopped += 1))
    port.write('2', PEER)
    bound()
    expect(udp.calls).toEqual(['send 1 10.0.0.2 9', 'close'])
    udp.sink.closed()
    host.settle()
    expect([stopped, protocol.events]).toEqual([1, ['start', 'stop']])
  })
})

describe('a UDP port', () => {
  it('that fails from inside bind, or whose bind throws, makes listenUDP throw', () => {
    for (const how of ['failed', 'throws']) {
      const { udp, reactor, protocol } = rig()
      udp.onBind = (sink) => {
        if (how === 'throws') throw new Error('no')
        sink.failed(new Error('no'))
      }
      expect(() => reactor.listenUDP(7, protocol)).toThrow(CannotListenError)
      expect(protocol.events).toEqual([])
    }
  })

  it('needs a host that has UDP', () => {
    expect(() => fakeReactor().reactor.listenUDP(7, new Noting())).toThrow(NotSupportedError)
    expect(() => fakeReactor().reactor.listenMulticast(7, new Noting())).toThrow(NotSupportedError)
  })

  it('whose startProtocol throws logs that and goes on', async () => {
    const { udp, reactor, protocol } = rig()
    protocol.startProtocol = () => {
      throw new Error('cannot start')
    }
    const events = await logged(() => reactor.listenUDP(7, protocol))
    expect(events.map((event) => event.failure?.value.message)).toEqual(['cannot start'])
    udp.sink.received(bytes('x'), '10.0.0.2', 9)
    expect(protocol.events).toEqual(['x'])
  })

  it('gives the same address object for the same sender, and one for each other', () => {
    const { udp, reactor, protocol } = rig()
    const seen: object[] = []
    protocol.datagramReceived = (_data: Uint8Array, address?: object) => void seen.push(address as object)
    reactor.listenUDP(7, protocol)
    for (const port of [1, 1, 2]) udp.sink.received(bytes('x'), '10.0.0.2', port)
    expect(seen[0]).toBe(seen[1])
    expect(seen[2]).toEqual({ family: 'IPv4', type: 'UDP', host: '10.0.0.2', port: 2 })
    expect(Object.isFrozen(seen[0])).toBe(true)
  })

  it('that is flooded rests after a budget; what comes meanwhile is kept in order, to a limit', async () => {
    const { udp, host, reactor, protocol } = rig()
    reactor.listenUDP(7, protocol)
    for (let i = 0; i < 2000; i++) udp.sink.received(bytes(String(i)), '10.0.0.2', 9)
    expect(protocol.events.length).toBe(1 + 256)
    expect(udp.calls).toEqual(['pause'])
    const turns: string[] = []
    reactor.queue.post(() => turns.push('other'))
    host.turn()
    // Not before everybody else had a turn.
    expect(turns).toEqual(['other'])
    expect(protocol.events.length).toBe(1 + 512)
    host.settle()
    expect(protocol.events.slice(1)).toEqual(Array.from({ length: 256 + 1024 }, (_, i) => String(i)))
    expect(udp.calls).toEqual(['pause', 'resume'])
    udp.sink.received(bytes('after'), '10.0.0.2', 9)
    expect(protocol.events.at(-1)).toBe('after')
  })

  it('that is stopped while it rests hands out nothing more', () => {
    const { udp, host, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol)
    for (let i = 0; i < 300; i++) udp.sink.received(bytes('x'), '10.0.0.2', 9)
    void port.stopListening()
    udp.sink.closed()
    host.settle()
    expect(protocol.events.length).toBe(1 + 256 + 1)
    expect(protocol.events.at(-1)).toBe('stop')
  })

  it('stops once, whatever the host says after', () => {
    const { udp, host, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol)
    const fired: number[] = []
    port.stopListening()?.addCallback(() => void fired.push(1))
    port.stopListening()?.addCallback(() => void fired.push(2))
    expect(udp.calls).toEqual(['close'])
    udp.sink.closed()
    udp.sink.closed()
    expect(protocol.events).toEqual(['start'])
    host.settle()
    udp.sink.received(bytes('x'), '10.0.0.2', 9)
    udp.sink.refused()
    udp.sink.failed(new Error('late'))
    expect([fired, protocol.events]).toEqual([[1, 2], ['start', 'stop']])
  })

  it('that breaks says so and stops; trouble is only logged', async () => {
    const { udp, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol)
    const events = await logged(() => udp.sink.trouble(new Error('no buffers')))
    expect(events.map((event) => event.failure?.value.message)).toEqual(['no buffers'])
    udp.sink.failed(new Error('broken'))
    expect(protocol.events).toEqual(['start', 'failed Error', 'stop'])
    expect(port.stopListening()).toBeUndefined()
  })

  it('reactor stop waits until its ports are closed', async () => {
    const { udp, host, reactor, protocol } = rig()
    reactor.listenUDP(7, protocol)
    const done = reactor.run()
    reactor.stop()
    host.settle()
    expect([reactor.running, udp.calls]).toEqual([true, ['close']])
    udp.sink.closed()
    host.settle()
    await done
    expect(protocol.events).toEqual(['start', 'stop'])
  })
})

describe('a connected UDP port', () => {
  it('keeps what is written until the host has connected it, and then needs no address', () => {
    const { udp, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol)
    port.write('0', PEER)
    port.connect('10.0.0.2', 9)
    port.write('1')
    port.write('2', PEER)
    expect(udp.calls).toEqual(['send 0 10.0.0.2 9', 'connect 10.0.0.2 9'])
    udp.connected!(null)
    port.write('3')
    expect(udp.calls.slice(2)).toEqual(['send 1 peer 0', 'send 2 peer 0', 'send 3 peer 0'])
  })

  it('connected before it was bound: writes stay in order, and one to elsewhere is dropped', () => {
    const { udp, reactor, protocol, bound } = rig(false)
    const port = reactor.listenUDP(7, protocol)
    port.write('elsewhere', { host: '10.0.0.3', port: 9 })
    port.write('1', PEER)
    port.connect('10.0.0.2', 9)
    port.write('2')
    bound()
    udp.connected!(null)
    expect(udp.calls).toEqual(['send 1 peer 9', 'connect 10.0.0.2 9', 'send 2 peer 0'])
  })

  it('hears its peer, however that is spelt, and nobody else', () => {
    const { udp, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol, { interface: '::' })
    port.connect('FE80:0::1%2', 9)
    for (const [host, number] of [['fe80::1%eth0', 9], ['fe80::1%3', 9], ['fe80::1', 8], ['fe80::2%2', 9], ['fe80::1%2', 9]] as const) {
      udp.sink.received(bytes(`${host} ${number}`), host, number)
    }
    expect(protocol.events).toEqual(['start', 'fe80::1%eth0 9', 'fe80::1%2 9'])
  })

  it('a host that cannot connect it is logged', async () => {
    const { udp, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol)
    port.connect('10.0.0.2', 9)
    const events = await logged(() => udp.connected!(new Error('unreachable')))
    expect(events.map((event) => event.failure?.value.message)).toEqual(['unreachable'])
  })

  it('a host that throws at it is logged too, and the port can still be stopped', async () => {
    const { udp, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol, { interface: '10.0.0.1' })
    udp.onConnect = () => {
      throw new Error('not now')
    }
    const events = await logged(() => port.connect('10.0.0.2', 9))
    expect(events.map(({ failure }) => failure?.getErrorMessage())).toEqual(['not now'])
    void port.stopListening()
    expect(udp.calls.at(-1)).toBe('close')
  })

  it('stopped while the host connects it: what was written goes out first', () => {
    const { udp, host, reactor, protocol } = rig()
    const port = reactor.listenUDP(7, protocol)
    port.connect('10.0.0.2', 9)
    port.write('1')
    void port.stopListening()
    port.write('2')
    udp.sink.received(bytes('x'), '10.0.0.2', 9)
    expect(udp.calls).toEqual(['connect 10.0.0.2 9'])
    udp.connected!(null)
    expect(udp.calls.slice(1)).toEqual(['send 1 peer 0', 'close'])
    udp.sink.closed()
    host.settle()
    expect(protocol.events).toEqual(['start', 'stop'])
  })

  it('connectionRefused comes as often as the host says it', () => {
    const { udp, reactor, protocol } = rig()
    reactor.listenUDP(7, protocol).connect('10.0.0.2', 9)
    udp.sink.refused()
    udp.sink.refused()
    expect(protocol.events).toEqual(['start', 'refused', 'refused'])
  })
})

describe('a multicast port', () => {
  it('hands on what is set, and remembers it', () => {
    const { udp, reactor, protocol } = rig()
    const port = reactor.listenMulticast(7, protocol, { listenMultiple: true })
    expect(udp.requests[0].shared).toBe(true)
    expect(port).toBeInstanceOf(MulticastPort)
    expect([port.getTTL(), port.getLoopbackMode(), port.getOutgoingInterface()]).toEqual([1, true, '0.0.0.0'])
    port.setTTL(5)
    port.setLoopbackMode(false)
    port.setOutgoingInterface('10.0.0.1')
    expect([port.getTTL(), port.getLoopbackMode(), port.getOutgoingInterface()]).toEqual([5, false, '10.0.0.1'])
    expect(udp.calls).toEqual(['ttl 5', 'loopback false', 'interface 10.0.0.1'])
    for (const ttl of [-1, 256, 1.5]) expect(() => port.setTTL(ttl)).toThrow(RangeError)
    expect(() => port.setOutgoingInterface('eth0')).toThrow(TypeError)
    expect(() => port.setOutgoingInterface('10.0.0.9')).toThrow(MulticastError)
    expect(port.getOutgoingInterface()).toBe('10.0.0.1')
    expect(rig().reactor.listenMulticast(7, new Noting(), { interface: '::' }).getOutgoingInterface()).toBe('::')
  })

  it('joins once it is bound, and a refusal is a MulticastError', async () => {
    const { udp, reactor, protocol, bound } = rig(false)
    const port = reactor.listenMulticast(7, protocol)
    let joined = false
    port.joinGroup('224.0.0.5', '10.0.0.1').addCallback(() => void (joined = true))
    const refused = port.joinGroup('224.0.0.9').asPromise().catch((error: unknown) => error)
    expect(udp.calls).toEqual([])
    bound()
    expect([joined, udp.calls]).toEqual([true, ['join 224.0.0.5 10.0.0.1', 'join 224.0.0.9 ']])
    const error = await refused as MulticastError
    expect(error).toBeInstanceOf(MulticastError)
    expect([error.group, error.interface, (error.cause as Error).message]).toEqual(['224.0.0.9', undefined, 'no such device'])
    expect(error.message).toBe('The host refused what was asked about group 224.0.0.9: no such device')
    await port.leaveGroup('224.0.0.5', '10.0.0.1')
    expect(udp.calls.at(-1)).toBe('leave 224.0.0.5 10.0.0.1')
  })

  it('takes groups of its family only, and none when closed', async () => {
    const { reactor, protocol } = rig()
    const port = reactor.listenMulticast(7, protocol)
    for (const group of ['10.0.0.1', 'group.example', 'ff02::1', '']) expect(() => port.joinGroup(group)).toThrow(TypeError)
    expect(() => port.joinGroup('224.0.0.5', 'eth0')).toThrow(TypeError)
    void port.stopListening()
    await expect(port.joinGroup('224.0.0.5').asPromise()).rejects.toBeInstanceOf(MulticastError)
  })
})
