/**
 * MulticastPort: a UDPPort that can join groups, and says how far what it sends to groups may go.
 *
 * Owns: what was set. Must not know: hosts. Source: twisted.internet.udp.MulticastPort.
 */

import { Deferred, fail } from '../defer/index.js'
import { MulticastError } from '../errors/index.js'
import type { DatagramHandle } from '../interfaces/datagram-host.js'
import type { IMulticastTransport } from '../interfaces/reactor-udp.js'
import { isMulticast } from './resolve-literal.js'
import { checkHost } from './udp-address.js'
import { MULTICAST_TTL } from './udp-limits.js'
import { UDPPort } from './udp-port.js'

/** A UDP port that can join groups. */
export class MulticastPort extends UDPPort implements IMulticastTransport {
  #ttl = MULTICAST_TTL
  #loopback = true
  #interface = ''

  joinGroup(group: string, iface?: string): Deferred<void> {
    return this.#group(group, iface, (handle) => handle.addMembership(group, iface))
  }

  leaveGroup(group: string, iface?: string): Deferred<void> {
    return this.#group(group, iface, (handle) => handle.dropMembership(group, iface))
  }

  getTTL(): number {
    return this.#ttl
  }

  setTTL(ttl: number): void {
    if (!Number.isInteger(ttl) || ttl < 0 || ttl > 255) {
      throw new RangeError(`a time to live is a whole number from 0 to 255, not ${String(ttl)}`)
    }
    this.#set('the time to live', (handle) => handle.setTTL(ttl))
    this.#ttl = ttl
  }

  getLoopbackMode(): boolean {
    return this.#loopback
  }

  setLoopbackMode(enabled: boolean): void {
    this.#set('loopback', (handle) => handle.setLoopback(Boolean(enabled)))
    this.#loopback = Boolean(enabled)
  }

  /** What was set last; the address for "any" until then, which leaves the choice to the host. */
  getOutgoingInterface(): string {
    return this.#interface !== '' ? this.#interface : this.family === 4 ? '0.0.0.0' : '::'
  }

  setOutgoingInterface(iface: string): void {
    checkHost(iface, this.family)
    this.#set('the outgoing interface', (handle) => handle.setInterface(iface), iface)
    this.#interface = iface
  }

  /** @throws MulticastError what the host refuses; logged where it can only tell later */
  #set(what: string, tell: (handle: DatagramHandle) => void, iface?: string): void {
    this.whenOpen((handle) => {
      try {
        tell(handle)
      } catch (error) {
        const about = `${what} of groups`
        throw new MulticastError(refusal(about, iface, error), { interface: iface, cause: error })
      }
    })
  }

  #group(group: string, iface: string | undefined, ask: (handle: DatagramHandle) => void): Deferred<void> {
    checkHost(group, this.family)
    if (!isMulticast(group)) throw new TypeError(`${group} is no address of a group`)
    if (iface !== undefined) checkHost(iface, this.family)
    const what = { group, interface: iface }
    if (this.isOver) return fail(new MulticastError('The port is closed.', what)) as Deferred<void>
    const done = new Deferred<void>()
    this.whenOpen((handle) => {
      try {
        ask(handle)
      } catch (error) {
        done.errback(new MulticastError(refusal(`group ${group}`, iface, error), { ...what, cause: error }))
        return
      }
      done.callback(undefined)
    })
    return done
  }
}

function refusal(what: string, iface: string | undefined, error: unknown): string {
  const why = error instanceof Error ? error.message : 'the host gave no reason'
  return `The host refused what was asked about ${what}${iface === undefined ? '' : ` on ${iface}`}: ${why}`
}
