/**
 * What simulated hosts wait for, in words.
 *
 * Owns: the words. Must not know: why somebody asks.
 */

import { leftOn } from '../kit/leftovers.js'
import type { Engine } from './engine.js'
import type { Network } from './network/network.js'

/** Lines for one host, at most. */
const LINES = 8
/** Hosts, at most. */
const HOSTS = 16

/** @internal */
export function unfinished(engine: Engine, network: Network): string {
  const { hosts } = engine
  const lines: string[] = []
  for (const host of hosts.slice(0, HOSTS)) {
    if (!host.isUp) {
      lines.push(`  ${host.name} is down.`)
      continue
    }
    const left = leftOn(host.reactor).map(({ what }) => what)
    if (left.length === 0) lines.push(`  ${host.name} waits for nothing.`)
    else lines.push(`  ${host.name} has`, ...few(left, LINES).map((what) => `    ${what}`))
  }
  if (hosts.length > HOSTS) lines.push(`  and ${hosts.length - HOSTS} more hosts`)
  const open = [...network.connections].filter(({ state, inFlight }) => state !== 'open' || inFlight > 0)
  lines.push(...few(open.map(({ id, from, to, state, inFlight }) =>
    `  connection ${id} from ${from} to ${to} is ${state}, ${inFlight} bytes are on their way`), LINES))
  return `At ${engine.now} ms, ${engine.waiting} events are still to come.\n${lines.join('\n')}`
}

function few(texts: readonly string[], most: number): string[] {
  return texts.length <= most ? [...texts] : [...texts.slice(0, most), `and ${texts.length - most} more`]
}
