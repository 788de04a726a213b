/**
 * The chat of examples/switchboard: members by TCP and by WebSocket, who come, talk, are cut off, and come again.
 *
 * Safety: what a member hears of the room is what the room said while the member was in it, each line once and in the
 * order of the room, from the first on, and nothing of its own. Liveness: in quiet everybody is in the room, and nobody
 * else any more; everybody hears everybody; and nobody who talks is told that nothing was heard.
 */
import { clientFromString, Factory, LineReceiver, TimeoutMixin } from 'whorl'
import type { Failure, IProtocol } from 'whorl'
import type { Reactor } from 'whorl/node'
import type { SeededRandom } from 'whorl/core'
import { serve, Site } from 'whorl/http'
import type { Scenario, Simulation, SimulatedHost, SimulateOptions } from 'whorl/testing'
import { connectWebSocket, WebSocketProtocol, WebSocketServerFactory } from 'whorl/websocket'
import { ChatFactory } from '../../../examples/switchboard/chat-protocol.js'
import { CHAT_LIMITS } from '../../../examples/switchboard/limits.js'
import { Room } from '../../../examples/switchboard/room.js'
import type { Member } from '../../../examples/switchboard/room.js'
import { WebChat } from '../../../examples/switchboard/web-chat.js'
import { fateOf, Judge, QUIET } from './parts.js'

export const options: SimulateOptions = {
  until: 90_000, hosts: 5,
  faults: { every: 3_000, quiet: QUIET },
}

const LIMITS = { ...CHAT_LIMITS, idle: 12_000, warning: 3_000, farewell: 2_000, naming: 5_000 }
/** More lines at once than the server takes. */
const BURST = LIMITS.burst + 5
/** A client without a sign of the server for so long connects anew. */
const PATIENCE = 4_000
/** Whoever says nothing is put out in this time, or else has heard nothing for too long. */
const LONGEST_SLEEP = LIMITS.idle + LIMITS.warning + LIMITS.farewell + 2 * PATIENCE

export const scenario: Scenario = async (simulation) => {
  const judge = new Judge(simulation)
  const told = new Map<string, string[]>()
  const people: Person[] = []
  let room = new WatchedRoom(told)
  simulation.host('server', (host) => {
    room = new WatchedRoom(told)
    host.reactor.listenTCP(8_023, new ChatFactory(room, host.reactor, LIMITS))
    const web = new WebSocketServerFactory({ timeouts: { ping: 5_000, pong: 3_000 } })
    web.buildProtocol = () => new WebChat(room, host.reactor, LIMITS)
    void serve(host.reactor, 'tcp:80', new Site(() => 'a page', { reactor: host.reactor }).upgrade('/chat', web))
  })
  for (let client = 1; client < simulation.hosts; client++) {
    simulation.host(`client-${client}`, (host) => {
      people[client] = new Person(simulation, host, judge, told, client % 2 === 0)
      people[client].connect()
    })
  }
  // Once all are back, everybody says a last word, and hears the others'.
  const last = judge.calm + 25_000
  simulation.at(last, () => {
    for (const person of people) person?.sayLast()
  })
  simulation.at(last + 5_000, () => {
    const nicks = people.filter((person) => person !== undefined).map((person) => person.nick).sort().join(' ')
    const here = [...room.nicks].sort().join(' ')
    judge.that(here === nicks, () => `in the room are ${here}, not ${nicks}`)
    for (const one of people) {
      for (const other of people) {
        if (one === undefined || other === undefined || one === other) continue
        const line = `<${other.nick}> last`
        judge.that(one.heard.includes(line), () => `${one.nick} (${one.state}) has not heard ${line} (${other.state})`)
      }
    }
  })
  await simulation.run(simulation.until)
  judge.verdict()
}

/** Keeps what the room has told each member, in its order. */
class WatchedRoom extends Room {
  readonly #told: Map<string, string[]>
  readonly #here = new Set<string>()

  constructor(told: Map<string, string[]>) {
    super()
    this.#told = told
  }

  override join(member: Member): void {
    super.join(member)
    this.#here.add(member.nick)
    this.#told.set(member.nick, [])
  }

  override leave(member: Member, why: string): void {
    if (this.nicks.includes(member.nick)) this.#here.delete(member.nick)
    super.leave(member, why)
  }

  override announce(line: string, except?: Member): void {
    for (const nick of this.#here) if (nick !== except?.nick) this.#told.get(nick)!.push(line)
    super.announce(line, except)
  }
}

/** Somebody on a host, who comes again under another name whenever the connection is lost. */
class Person {
  nick = ''
  heard: string[] = []
  state = 'new'
  readonly #simulation: Simulation
  readonly #host: SimulatedHost
  readonly #reactor: Reactor
  readonly #judge: Judge
  readonly #told: ReadonlyMap<string, string[]>
  readonly #isWeb: boolean
  readonly #random: SeededRandom
  #visits = 0
  #said = 0
  #askedAt = 0
  #isIn = false
  #isAsleep = false
  #way: { say(line: string): void, cut(): void } | null = null

  constructor(
    simulation: Simulation, host: SimulatedHost, judge: Judge, told: ReadonlyMap<string, string[]>, isWeb: boolean) {
    this.#simulation = simulation
    this.#host = host
    this.#reactor = host.reactor
    this.#judge = judge
    this.#told = told
    this.#isWeb = isWeb
    this.#random = fateOf(simulation, host)
  }

  connect(): void {
    this.#visits += 1
    const { name, incarnation } = this.#host
    this.nick = `${name.replace('client-', this.#isWeb ? 'web' : 'tel')}-${incarnation}-${this.#visits}`
    this.heard = []
    this.#isIn = this.#isAsleep = false
    this.state = 'connecting'
    const reactor = this.#reactor
    const failed = (reason: Failure): void => {
      this.#judge.named(reason.value, 'connecting')
      this.state = `connecting failed: ${reason.value.message}`
      reactor.callLater(this.#random.between(100, 1_500), () => this.connect())
    }
    if (this.#isWeb) {
      connectWebSocket(reactor, 'ws://server/chat', new WebEnd(this), {
        timeouts: { connect: 3_000, handshake: 3_000, ping: PATIENCE / 2, pong: PATIENCE / 2 },
      }).addErrback(failed)
    } else {
      const factory = new Factory()
      factory.buildProtocol = () => {
        const end = new TelnetEnd(this)
        end.clock = reactor
        return end as IProtocol
      }
      clientFromString(reactor, 'tcp:server:8023:timeout=3000').connect(factory).addErrback(failed)
    }
  }

  opened(way: { say(line: string): void, cut(): void }): void {
    this.#way = way
    this.state = 'connected'
    way.say(this.nick)
    this.#reactor.callLater(1_000, () => this.#live(way))
  }

  /** Talks, asks who is there so that a dead server is noticed, and sometimes goes. */
  #live(way: { say(line: string): void, cut(): void }): void {
    if (this.#way !== way) return
    const random = this.#random
    // It says nothing more: the server has an end to that.
    if (random.chance(0.01) && this.#simulation.now < this.#judge.calm - LONGEST_SLEEP) {
      this.#isAsleep = true
      return
    }
    if (random.chance(0.02) && this.#simulation.now < this.#judge.calm) way.say('/quit for now')
    else if (random.chance(0.02) && this.#simulation.now < this.#judge.calm) way.cut()
    else if (random.chance(0.02)) for (let count = 0; count < BURST; count++) way.say(`${this.#said++} la`)
    else if (random.chance(0.6)) {
      for (let count = 1 + random.below(3); count > 0; count--) {
        way.say(`${this.#said++} ${'la '.repeat(random.below(30))}.`)
      }
    } else this.#ask(way)
    // Where nobody else talks either, only an answer is a sign of the server.
    if (this.#reactor.now() - this.#askedAt > PATIENCE / 4) this.#ask(way)
    this.#reactor.callLater(random.between(200, 2_000), () => this.#live(way))
  }

  #ask(way: { say(line: string): void }): void {
    this.#askedAt = this.#reactor.now()
    way.say('/who')
  }

  sayLast(): void {
    // When it fell asleep, the server may have heard late of what it said before; but not as late as this.
    this.#judge.that(!this.#isAsleep, () => `${this.nick} has slept on: ${this.state}`)
    this.#judge.that(this.#isIn && this.#way !== null, () => `${this.nick} is not in the room: ${this.state}`)
    this.#way?.say('last')
  }

  heardLine(line: string): void {
    if (line.startsWith('Hello, ')) {
      this.#isIn = true
      this.state = 'in the room'
      this.#judge.that(this.heard.length === 0, `${this.nick} heard the room before the welcome`)
    }
    if (!/^(?:<|\* (?!Are you there))/.test(line)) {
      // By now nothing that it has said is on its way still.
      const mayBe = this.#isAsleep || this.#simulation.now < this.#judge.calm + LIMITS.idle
      this.#judge.that(mayBe || !line.startsWith('Nothing heard'), () =>
        `${this.nick} talks, and was told: ${line}`)
      this.#judge.that(/^(?:Hello|Here:|Welcome|\/help|Goodbye|\* Are|Nothing heard|No nickname)/.test(line),
        () => `${this.nick} was told: ${line}`)
      return
    }
    const told = this.#told.get(this.nick)
    const at = this.heard.length
    this.heard.push(line)
    this.#judge.that(!line.startsWith(`<${this.nick}>`), () => `${this.nick} heard itself say ${line}`)
    this.#judge.that(told?.[at] === line, () => `${this.nick} heard as line ${at} '${line}', not '${told?.[at]}'`)
  }

  lost(reason: Failure): void {
    this.#judge.named(reason.value, this.nick)
    this.#way = null
    this.#isIn = false
    this.state = `lost: ${reason.value.message}`
    this.#reactor.callLater(this.#random.between(100, 1_500), () => this.connect())
  }
}

class TelnetEnd extends TimeoutMixin(LineReceiver) {
  readonly #person: Person

  constructor(person: Person) {
    super()
    this.#person = person
  }

  override connectionMade(): void {
    this.setTimeout(PATIENCE)
    this.#person.opened({ say: (line) => this.sendLine(line), cut: () => this.transport.abortConnection() })
  }

  override lineReceived(line: string): void {
    this.resetTimeout()
    this.#person.heardLine(line)
  }

  override timeoutConnection(): void {
    this.transport.abortConnection()
  }

  override connectionLost(reason: Failure): void {
    this.setTimeout(null)
    super.connectionLost(reason)
    this.#person.lost(reason)
  }
}

class WebEnd extends WebSocketProtocol {
  readonly #person: Person

  constructor(person: Person) {
    super()
    this.#person = person
  }

  override connectionMade(): void {
    this.#person.opened({ say: (line) => this.sendText(line), cut: () => this.transport.abortConnection() })
  }

  override textReceived(text: string): void {
    this.#person.heardLine(text)
  }

  override connectionLost(reason: Failure): void {
    super.connectionLost(reason)
    this.#person.lost(reason)
  }
}
