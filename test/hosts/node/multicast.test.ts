import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { CannotListenError, MulticastError } from '../../../src/errors/index.js'
import type { IMulticastTransport, UDPAddress } from '../../../src/interfaces/index.js'
import { DatagramProtocol } from '../../../src/protocols/datagram-protocol.js'
import type { Reactor } from '../../../src/reactor/index.js'
import { later, reactors } from './helpers.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)

/** Loopback carries groups for those who name it. */
const LO = Object.entries(networkInterfaces()).find(([, all]) => all?.some((one) => one.address === '127.0.0.1'))![0]

class Heard extends DatagramProtocol {
  texts: string[] = []
  from: UDPAddress[] = []
  #next = later()

  /** Settles when `text` has come. */
  async until(text: string): Promise<void> {
    while (!this.texts.includes(text)) await this.#next.promise
  }

  override datagramReceived(data: Uint8Array, address: UDPAddress): void {
    this.texts.push(new TextDecoder().decode(data))
    this.from.push(address)
    this.#next.resolve()
    this.#next = later()
  }
}

function open(reactor: Reactor, any: string, number = 0): { port: IMulticastTransport, protocol: Heard, number: number } {
  const protocol = new Heard()
  const port = reactor.listenMulticast(number, protocol, { interface: any, listenMultiple: true })
  return { port, protocol, number: port.getHost().port }
}

const GROUP = '239.1.2.3'
const OTHER = '239.1.2.4'
const LOOPBACK = '127.0.0.1'

describe('multicast on Node', () => {
  it('several ports of one number hear the groups that they joined, until they leave', async () => {
    const reactor = newReactor()
    const one = open(reactor, '0.0.0.0')
    const two = open(reactor, '0.0.0.0', one.number)
    const sender = open(reactor, '0.0.0.0')
    await one.port.joinGroup(GROUP, LOOPBACK)
    await two.port.joinGroup(GROUP, LOOPBACK)
    sender.port.setOutgoingInterface(LOOPBACK)
    sender.port.write('to all', { host: GROUP, port: one.number })
    await Promise.all([one.protocol.until('to all'), two.protocol.until('to all')])
    expect(one.protocol.from[0].port).toBe(sender.number)
    await one.port.leaveGroup(GROUP, LOOPBACK)
    await two.port.leaveGroup(GROUP, LOOPBACK)
    await two.port.stopListening()
    sender.port.write('to nobody', { host: GROUP, port: one.number })
    sender.port.write('to one', { host: LOOPBACK, port: one.number })
    await one.protocol.until('to one')
    expect(one.protocol.texts).toEqual(['to all', 'to one'])
    expect(two.protocol.texts).toEqual(['to all'])
  })

  it.each([['0.0.0.0', GROUP, OTHER, LOOPBACK], ['::', 'ff12::7777', 'ff12::7778', `::%${LO}`]])(
    'on %s what the host refuses is a MulticastError', async (any, group, other, iface) => {
      const { port } = open(newReactor(), any)
      await port.joinGroup(group, iface)
      await expect(port.joinGroup(group, iface).asPromise()).rejects.toBeInstanceOf(MulticastError)
      await expect(port.leaveGroup(other, iface).asPromise()).rejects.toBeInstanceOf(MulticastError)
      await port.leaveGroup(group, iface)
      port.setTTL(3)
      port.setLoopbackMode(false)
      port.setOutgoingInterface(iface)
      expect([port.getTTL(), port.getLoopbackMode(), port.getOutgoingInterface()]).toEqual([3, false, iface])
    })

  it('an interface that is not there is the host\'s error', () => {
    const { port } = open(newReactor(), '0.0.0.0')
    expect(() => port.setOutgoingInterface('192.0.2.77')).toThrow(/EADDRNOTAVAIL/)
    expect(port.getOutgoingInterface()).toBe('0.0.0.0')
  })

  it('without listenMultiple the number is the port\'s alone', () => {
    const reactor = newReactor()
    const alone = reactor.listenMulticast(0, new Heard(), { interface: '0.0.0.0' })
    const { port } = alone.getHost()
    expect(() => reactor.listenMulticast(port, new Heard(), { interface: '0.0.0.0' })).toThrow(CannotListenError)
  })
})
