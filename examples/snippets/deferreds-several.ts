/** Waiting for several Deferreds, as the guide shows it. */
import { Deferred, DeferredList, gatherResults, Protocol, race } from 'whorl'
import type { Failure } from 'whorl'

export class Counted extends Protocol {
  readonly closed = new Deferred<number>()
  bytes = 0

  override dataReceived(data: Uint8Array): void {
    this.bytes += data.length
  }

  override connectionLost(_reason: Failure): void {
    this.closed.callback(this.bytes)
  }
}

/** Closes all of them, and fires with the bytes they received once the last is closed. */
export function closeAll(connections: Counted[]): Deferred<number> {
  for (const each of connections) each.transport.loseConnection()
  return gatherResults(connections.map((each) => each.closed))
    .addCallback((bytes) => bytes.reduce((sum, each) => sum + each, 0))
}

export function whatWorked(attempts: Deferred<string>[]): Deferred<string[]> {
  return new DeferredList(attempts, { consumeErrors: true })
    .addCallback((outcomes) => outcomes.flatMap(([ok, value]) => (ok ? [value] : [])))
}

export function fastest(mirrors: Deferred<string>[]): Deferred<string> {
  return race(mirrors).addCallback(([index, answer]) => `${answer} from mirror ${index}`)
}
