/**
 * The two stories of docs/guide/simulation.md as small programs, with the faults as they were: for the pictures there.
 * What whorl does now is beside it, so that the page tells the truth about that, too.
 */
import { LineReceiver } from 'whorl'
import type { Reactor } from 'whorl/node'
import { serve, Site } from 'whorl/http'
import { Simulation } from 'whorl/testing'
import { connectWebSocket, WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import type { IDelayedCall } from '../../../src/interfaces/time.js'
import { Deadline } from '../../../src/http/client/deadline.js'
import { Programs } from './network-programs.js'

/** The same reactor, but for some of what it does. */
function altered(reactor: Reactor, changes: Partial<Reactor>): Reactor {
  return new Proxy(reactor, {
    get(target, key) {
      if (Object.hasOwn(changes, key)) return changes[key as keyof Reactor]
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? (value as Function).bind(target) as unknown : value
    },
  })
}

class Answering extends WebSocketProtocol {
  override textReceived(): void {
    this.sendText('yes')
  }
}

class Asking extends WebSocketProtocol {
  override connectionMade(): void {
    this.sendText('are you there?')
  }
}

/** A WebSocket that falls silent; the trace of it. @param isMended whether silence is counted from the last sign */
export async function heartbeat(isMended: boolean): Promise<Uint8Array> {
  const simulation = new Simulation({ seed: 'heartbeat', latency: 1, segment: [1_460, 1_460] })
  try {
    simulation.host('server', ({ reactor }) => {
      const factory = new WebSocketServerFactory({ timeouts: { ping: Infinity } })
      factory.buildProtocol = () => new Answering()
      void serve(reactor, 'tcp:80', new Site(() => 'no', { reactor }).upgrade('/talk', factory))
    })
    simulation.host('client', ({ reactor }) => {
      // To whom it is always the same time, a sign of life has always just come: each look is `ping` ms after the last.
      const clock = isMended ? reactor : altered(reactor, { now: () => 0 })
      const timeouts = { ping: 4_000, pong: 2_000 }
      void connectWebSocket(clock, 'ws://server/talk', new Asking(), { timeouts }).addErrback(() => undefined)
    })
    simulation.at(1_000, () => simulation.network.partition('client', 'server'))
    await simulation.run(20_000)
    return simulation.trace()
  } finally {
    simulation.close()
  }
}

/** As src/http/client/deadline.ts was: it asks the clock alone whether its time has come. */
class FormerDeadline {
  readonly #clock: Pick<Reactor, 'now' | 'callLater'>
  readonly #late: () => void
  #at = Infinity
  #timer: IDelayedCall | null = null

  constructor(clock: Pick<Reactor, 'now' | 'callLater'>, late: () => void) {
    this.#clock = clock
    this.#late = late
  }

  set(_phase: string, ms: number): void {
    this.#at = this.#clock.now() + ms
    this.#timer ??= this.#clock.callLater(ms, () => this.#due())
  }

  #due(): void {
    this.#timer = null
    const left = this.#at - this.#clock.now()
    if (left > 0) this.set('', left)
    else this.#late()
  }
}

/** When a request begins, and how long it may take, ms. */
const FIRST = 1_000.7
const TOTAL = 3_000

/**
 * A request whose deadline is put off when the answer comes. @param isMended whether it passes by its timer
 * @returns the trace, when the deadline passed, and what ended the run
 */
export async function deadline(isMended: boolean): Promise<{ trace: Uint8Array, late: number, error: unknown }> {
  const simulation = new Simulation({ seed: 2, latency: [0.2, 2] })
  let late = -1
  let [time, events] = [0, 0]
  simulation.check(() => {
    events = time === simulation.now ? events + 1 : 0
    time = simulation.now
    if (events > 200) throw new Error(`more than 200 events at ${time} ms`)
  })
  try {
    simulation.host('server', ({ reactor }) => {
      reactor.listenTCP(80, new Programs(() => Object.assign(new LineReceiver(), {
        lineReceived(this: LineReceiver) {
          this.sendLine('the answer')
        },
      })))
    })
    simulation.host('client', ({ reactor }) => {
      // Timers as they were: a part of a nanosecond made none of them later.
      const clock = altered(reactor, {
        callLater: ((ms: number, fn: () => void) => reactor.callLater(Math.floor(ms * 1e6) / 1e6, fn)) as never,
      })
      const Kind = isMended ? Deadline : FormerDeadline
      const one = new Kind(clock, () => (late = reactor.now()))
      reactor.callLater(FIRST, () => {
        const began = reactor.now()
        reactor.connectTCP('server', 80, new Programs(() => Object.assign(new LineReceiver(), {
          connectionMade(this: LineReceiver) {
            one.set('response', 2_000)
            this.sendLine('the request')
          },
          lineReceived(this: LineReceiver) {
            one.set('body', TOTAL - (reactor.now() - began))
          },
        })))
      })
    })
    const error = await simulation.run(20_000).then(() => null, (reason: unknown) => reason)
    return { trace: simulation.trace(), late, error }
  } finally {
    simulation.close()
  }
}
