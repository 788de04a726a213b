/**
 * Whether this Node lets several sockets bind one port.
 *
 * Owns: finding out, once in a process: versions that do not know the option ignore it without a word, and the program
 * would learn of it from the second process only. Must not know: what the port is for.
 */

import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { setImmediate } from 'node:timers'

let known: boolean | null = null
let asking: ((can: boolean) => void)[] | null = null

/** Tells, never at once, whether two sockets of this process could bind one port of the loopback interface. */
export function reusesPorts(tell: (can: boolean) => void): void {
  if (known !== null) {
    const can = known
    setImmediate(() => tell(can))
    return
  }
  if (asking !== null) {
    asking.push(tell)
    return
  }
  asking = [tell]
  bind(0, (first) => {
    if (first === null) {
      answer(false)
      return
    }
    bind((first.address() as AddressInfo).port, (second) => {
      first.close()
      second?.close()
      answer(second !== null)
    })
  })
}

function answer(can: boolean): void {
  known = can
  const asked = asking ?? []
  asking = null
  for (const tell of asked) tell(can)
}

function bind(port: number, then: (server: Server | null) => void): void {
  const server = createServer()
  server.on('error', () => then(null))
  server.listen({ host: '127.0.0.1', port, reusePort: true, exclusive: true } as { port: number }, () => then(server))
}
