/**
 * Tunnels on a network that breaks: whatever happens to page, relay and host, bytes arrive in order and from the first, an
 * end in order means that all have, every connection ends once, and the relay keeps nothing of what has ended.
 */
import { expect, it } from 'vitest'
import { ConnectionDone } from 'whorl'
import { createCore } from 'whorl/core'
import type { SeededRandom } from 'whorl/core'
import { HalfRecorder, Lab } from './lab.js'

const core = createCore()
const UNTIL = 40_000

/** Byte i of what one side sends. */
const bytes = (length: number, from: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (from + i) % 251)

/** Sends at its own pace, ends in one way or another, stops reading now and then. */
class End extends HalfRecorder {
  sent = 0
  lost = 0
  hasAborted = false
  readonly #random: SeededRandom
  readonly #clock: { callLater(ms: number, fn: () => void): unknown }
  readonly #length: number
  readonly #last: 'half' | 'close' | 'abort' | 'wait'

  constructor(random: SeededRandom, clock: { callLater(ms: number, fn: () => void): unknown }) {
    super()
    this.#random = random
    this.#clock = clock
    this.#length = Math.floor(random.float() ** 3 * 400_000)
    this.#last = (['half', 'half', 'close', 'abort', 'wait'] as const)[random.below(5)]!
  }

  override connectionMade(): void {
    super.connectionMade()
    this.#step()
  }

  override readConnectionLost(): void {
    super.readConnectionLost()
    // Somebody has to end it.
    if (this.#last === 'wait') this.transport.loseConnection()
  }

  override connectionLost(...args: Parameters<HalfRecorder['connectionLost']>): void {
    super.connectionLost(...args)
    this.lost += 1
  }

  #step(): void {
    if (!this.connected || this.transport.disconnecting) return
    if (this.sent < this.#length) {
      const size = Math.min(1 + this.#random.below(60_000), this.#length - this.sent)
      this.transport.write(bytes(size, this.sent))
      this.sent += size
    } else if (this.#last === 'half') {
      this.transport.loseWriteConnection()
      return
    } else if (this.#last !== 'wait') {
      if (this.#last === 'close') this.transport.loseConnection()
      else this.#abort()
      return
    } else {
      return
    }
    if (this.#random.chance(0.2)) {
      this.transport.pauseProducing()
      this.#clock.callLater(this.#random.between(1, 600), () => {
        if (this.connected) this.transport.resumeProducing()
      })
    }
    this.#clock.callLater(this.#random.between(0, 200), () => this.#step())
  }

  #abort(): void {
    this.hasAborted = true
    this.transport.abortConnection()
  }
}

it.each([1, 2, 3, 5, 8, 25, 31, 34])('seed %i', async (seed) => {
  const random = core.random(`tunnels ${seed}`)
  const lab = new Lab({
    timeouts: { connect: 5_000, idle: 8_000, open: 3_000, ping: 2_000, pong: 2_000 },
    limits: { window: random.between(2_000, 100_000) | 0, perClient: 1_000 },
  }, { seed })
  const { simulation } = lab
  const pairs: { page: End, host: End | null }[] = []
  const waiting: End[] = []
  try {
    lab.listen(() => {
      const end = new End(random.fork(`host ${waiting.length}`), lab.hostReactor)
      waiting.push(end)
      return end
    })
    for (let i = 0; i < 8; i++) {
      const page = new End(random.fork(`page ${i}`), lab.page)
      simulation.at(random.below(UNTIL / 2), () => {
        const endpoint = lab.endpoint('host', 7000, { timeout: 6_000, window: 1_024 + random.below(80_000) })
        endpoint.connect({ buildProtocol: () => page, doStart() {}, doStop() {} })
          .addCallbacks(() => void pairs.push({ page, host: null }), () => undefined)
      })
    }
    const names = ['page', 'relay', 'host']
    for (let i = 0; i < 5; i++) {
      const [a, b] = [names[random.below(3)]!, names[random.below(3)]!]
      const [at, length] = [random.below(UNTIL / 2), random.between(50, 6_000)]
      if (a === b) continue
      simulation.at(at, () => {
        if (random.chance(0.3)) simulation.network.reset(a, b)
        else if (random.chance(0.5)) simulation.network.partition(a, b)
        else simulation.network.hold(a, b)
      })
      simulation.at(at + length, () => {
        simulation.network.heal(a, b)
        simulation.network.release(a, b)
      })
    }
    await simulation.run(UNTIL)
    simulation.network.healAll()
    await simulation.run(UNTIL + 60_000)
    const ends = [...pairs.map(({ page }) => page), ...waiting]
    expect(pairs.length).toBeGreaterThan(0)
    for (const end of ends) {
      expect(end.lost, end.events.join(' ')).toBe(1)
      const all = Buffer.concat(end.chunks)
      expect(all.equals(bytes(all.length, 0)), 'bytes in order, from the first').toBe(true)
    }
    // Which host's end is whose is told by what has come: sides of a pair that both ended in order have it all.
    const sentByHosts = waiting.filter((one) => one.reason instanceof ConnectionDone).map((one) => one.sent)
    for (const { page } of pairs) {
      if (!(page.reason instanceof ConnectionDone) || !page.events.includes('read-end')) continue
      expect([...sentByHosts, ...waiting.map((one) => one.sent)], 'all that the host sent').toContain(page.length)
    }
    expect(lab.relay.tunnels).toEqual([])
    for (const reactor of [lab.page, lab.relayReactor, lab.hostReactor]) {
      expect(reactor.openTransports().map((one) => [one.getPeer(), one.writableLength])).toEqual([])
      expect(reactor.openThings().connectors).toEqual([])
    }
    expect(lab.relayReactor.getDelayedCalls()).toEqual([])
    expect(simulation.unhandled).toEqual([])
  } finally {
    simulation.close()
  }
})
