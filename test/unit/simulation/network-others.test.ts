import { describe, expect, it } from 'vitest'
import { DatagramProtocol } from '../../../src/protocols/index.js'
import type { UDPAddress } from '../../../src/interfaces/index.js'
import { Programs } from './network-programs.js'
import { TestWorld } from './network-world.js'

class Datagrams extends DatagramProtocol {
  got: string[] = []
  refused = 0

  override datagramReceived(data: Uint8Array, { host, port }: UDPAddress): void {
    this.got.push(`${new TextDecoder().decode(data)} ${host}:${port}`)
  }

  override connectionRefused(): void {
    this.refused += 1
  }
}

describe('simulated UNIX sockets', () => {
  function world(): TestWorld {
    const made = new TestWorld()
    made.reactor('a')
    return made
  }

  it('carry bytes between programs of one host, with paths as addresses', () => {
    const w = world()
    const [clients, servers] = [new Programs(), new Programs()]
    w.reactor('a').listenUNIX('/run/x', servers)
    w.run(1)
    w.reactor('a').connectUNIX('/run/x', clients)
    w.run(10)
    expect(clients.built[0]!.transport!.getPeer()).toMatchObject({ family: 'UNIX', path: '/run/x' })
    clients.built[0]!.transport!.write('hello')
    clients.built[0]!.transport!.loseConnection()
    w.run()
    expect(servers.built[0]!.text).toBe('hello')
    expect(servers.built[0]!.events).toEqual(['made', 'data', 'lost ConnectionDone'])
  })

  it('of others are not there; the file of a crashed listener refuses, and stands in the way of a new one', () => {
    const w = world()
    const reasons: string[] = []
    const connect = (name: string): void => {
      const clients = new Programs()
      w.reactor(name).connectUNIX('/run/x', clients)
      w.run(w.now + 10)
      reasons.push(clients.failures[0]?.value.constructor.name ?? 'connected')
    }
    w.reactor('b')
    w.reactor('a').listenUNIX('/run/x', new Programs())
    w.run(1)
    connect('a')
    connect('b')
    w.crash('a')
    w.restart('a')
    connect('a')
    const codes: string[] = []
    for (const wantPID of [false, true]) {
      w.reactor('a').listenUNIX('/run/x', new Programs(), { wantPID }).ready.addCallbacks(
        () => void codes.push('listens'), (failure) => void codes.push(failure.value.constructor.name))
    }
    w.run(w.now + 10)
    expect(reasons).toEqual(['connected', 'NoSocketError', 'ConnectionRefusedError'])
    expect(codes).toEqual(['CannotListenError', 'listens'])
  })
})

describe('simulated UDP', () => {
  it('carries datagrams from address to address', () => {
    const w = new TestWorld()
    const [one, two] = [new Datagrams(), new Datagrams()]
    w.reactor('a').listenUDP(1000, one)
    w.reactor('b').listenUDP(2000, two)
    one.transport!.write('hi', { host: '10.0.0.2', port: 2000 })
    w.run()
    expect(two.got).toEqual(['hi 10.0.0.1:1000'])
  })

  it('a port in use is refused at once; a free one is found', () => {
    const w = new TestWorld()
    const a = w.reactor('a')
    a.listenUDP(1000, new Datagrams())
    expect(() => a.listenUDP(1000, new Datagrams())).toThrow(/1000/)
    expect(a.listenUDP(0, new Datagrams()).getHost().port).toBeGreaterThan(1_000)
  })

  it('loses, doubles and reorders as its link says', () => {
    const w = new TestWorld(3, { loss: 0.2, duplicate: 0.2, reorder: 0.2 })
    const [one, two] = [new Datagrams(), new Datagrams()]
    w.reactor('a').listenUDP(1000, one)
    w.reactor('b').listenUDP(2000, two)
    for (let i = 0; i < 1_000; i++) {
      w.call(i * 10, () => one.transport!.write(String(i), { host: '10.0.0.2', port: 2000 }))
    }
    w.run()
    const numbers = two.got.map((text) => Number.parseInt(text, 10))
    const different = new Set(numbers).size
    expect(different).toBeGreaterThan(700)
    expect(different).toBeLessThan(950)
    expect(numbers.length).toBeGreaterThan(different)
    const other = new TestWorld(4, { reorder: 0.3 })
    const last = new Datagrams()
    const first = new Datagrams()
    other.reactor('a').listenUDP(1000, first)
    other.reactor('b').listenUDP(2000, last)
    for (let i = 0; i < 100; i++) {
      other.call(i, () => first.transport!.write(String(i), { host: '10.0.0.2', port: 2000 }))
    }
    other.run()
    const order = last.got.map((text) => Number.parseInt(text, 10))
    expect(order).toHaveLength(100)
    expect(order).not.toEqual([...order].sort((x, y) => x - y))
  })

  it('a connected port hears that nobody is there', () => {
    const w = new TestWorld()
    const one = new Datagrams()
    w.reactor('b')
    w.reactor('a').listenUDP(1000, one)
    one.transport!.connect('10.0.0.2', 9)
    w.run(1)
    one.transport!.write('anybody?')
    w.run()
    expect(one.refused).toBe(1)
  })

  it('a broadcast needs permission, and reaches every host with that port, the sender too', () => {
    const w = new TestWorld()
    const all = ['a', 'b', 'c'].map((name) => {
      const protocol = new Datagrams()
      w.reactor(name).listenUDP(1000, protocol)
      return protocol
    })
    all[0]!.transport!.write('no', { host: '255.255.255.255', port: 1000 })
    w.run()
    all[0]!.transport!.setBroadcastAllowed(true)
    all[0]!.transport!.write('yes', { host: '255.255.255.255', port: 1000 })
    w.run()
    expect(all.map(({ got }) => got)).toEqual([['yes 10.0.0.1:1000'], ['yes 10.0.0.1:1000'], ['yes 10.0.0.1:1000']])
  })

  it('a group is heard by those who joined it, each socket that shares the port, until they leave', () => {
    const w = new TestWorld()
    const join = (name: string, group: string | null): Datagrams => {
      const protocol = new Datagrams()
      const port = w.reactor(name).listenMulticast(5000, protocol, { listenMultiple: true })
      if (group !== null) void port.joinGroup(group)
      return protocol
    }
    const members = [join('a', '239.1.2.3'), join('b', '239.1.2.3'), join('b', '239.1.2.3'), join('c', '239.9.9.9')]
    const sender = new Datagrams()
    w.reactor('d').listenUDP(0, sender)
    sender.transport!.write('x', { host: '239.1.2.3', port: 5000 })
    w.run()
    expect(members.map(({ got }) => got.length)).toEqual([1, 1, 1, 0])
    w.network.partition('d', ['a', 'c'])
    sender.transport!.write('y', { host: '239.1.2.3', port: 5000 })
    w.run()
    expect(members.map(({ got }) => got.length)).toEqual([1, 2, 2, 0])
  })

  it('a crashed host hears nothing, and what it bound is free again', () => {
    const w = new TestWorld()
    const [one, two, three] = [new Datagrams(), new Datagrams(), new Datagrams()]
    w.reactor('a').listenUDP(1000, one)
    w.reactor('b').listenUDP(2000, two)
    w.crash('b')
    one.transport!.write('lost', { host: '10.0.0.2', port: 2000 })
    w.run()
    w.restart('b')
    w.reactor('b').listenUDP(2000, three)
    one.transport!.write('found', { host: '10.0.0.2', port: 2000 })
    w.run()
    expect([two.got.length, three.got.length]).toEqual([0, 1])
  })
})
