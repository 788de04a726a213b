/**
 * Hosts under a simulated network's faults, and what must be so whatever those are: every fault is told to the model
 * (hosts-model.ts) and to the simulation, and everything that programs are told is compared with the model at once.
 */
import type { IAddress, UDPAddress } from '../../../src/interfaces/index.js'
import { ClientFactory, Factory } from '../../../src/protocols/factory.js'
import { Simulation } from '../../../src/testing/index.js'
import type { SimulatedHost } from '../../../src/testing/index.js'
import { Connection, datagramBytes, Machine, Mailbox, Way } from './hosts-model.js'
import type { LifeOf, Sent } from './hosts-model.js'
import { broken } from './network-model.js'
import type { Party, Step } from './network-model.js'
import { Numbers } from './network-world.js'

export const GROUP = '239.1.2.3'
const EPOCH = 946_684_800_000
/** In which everything is over that nobody disturbs, if nothing was lost, ms. */
const CALM = 10_000
const LOOPBACK = 0.01
export const LATENCY = [0.2, 2] as const
export const STEADY = [4, 4] as const
/** More than any datagram takes where there is no bound on bytes a second, ms. */
const LONG = 300
/** ms of silence until keep-alive asks. */
export const ASKED = 5_000

/** How a connection has to come out. */
export type Outcome = 'connected' | 'refused' | 'timeout' | 'refused or timeout' | 'connected or timeout'

/** How a way is to be from now on. */
export interface Shape {
  loss: number
  duplicate: number
  latency: readonly [number, number]
  reorder: number
}

export class HostsWorld {
  readonly sim: Simulation
  readonly numbers: Numbers
  readonly machines: Machine[] = []
  readonly connections: Connection[] = []
  /** What was seen, so that a test knows that it was. */
  readonly seen = new Map<string, number>()
  readonly #ways = new Map<string, Way>()
  readonly #byAddress = new Map<string, Connection>()
  readonly #sent: Sent[] = []
  readonly #problems: string[] = []
  #timers: { life: LifeOf, due: number, isDone: boolean }[] = []
  #lookups: { life: LifeOf, of: Machine | null, told: string }[] = []

  constructor(seed: number, hosts: number) {
    const numbers = this.numbers = new Numbers(seed)
    const isSteady = numbers.chance(0.5)
    const latency = isSteady ? STEADY : LATENCY
    this.sim = new Simulation({
      seed, trace: 'digest', latency, bufferBytes: numbers.chance(0.3) ? 2_000 : 262_144,
      segment: numbers.chance(0.3) ? [1, 60] : [1, 1_460],
    })
    this.sim.check(() => {
      if (this.#problems.length > 0) throw new Error(this.#problems[0])
    })
    for (let i = 0; i < hosts; i++) {
      const machine = new Machine(`h${i}`)
      this.machines.push(machine)
      this.sim.host(machine.name, (host) => this.#boot(machine, host))
    }
    for (const [from, to] of this.pairs()) {
      if (from === to) continue
      const rate = numbers.chance(0.4) ? 20_000 + numbers.below(80_000) : Infinity
      const way = Object.assign(new Way(rate), { isSteady, least: latency[0] })
      this.#ways.set(`${from.name} ${to.name}`, way)
      if (rate !== Infinity) this.sim.network.linkOneWay(from.name, to.name, { bandwidth: rate })
    }
  }

  get now(): number {
    return this.sim.now
  }

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  problem(text: string): void {
    this.#problems.push(`at ${this.now} ms: ${text}`)
  }

  way(from: Machine, to: Machine): Way {
    return this.#ways.get(`${from.name} ${to.name}`) ?? SELF
  }

  /** All ordered pairs, those of a host with itself too. */
  pairs(): [Machine, Machine][] {
    return this.machines.flatMap((from) => this.machines.map((to): [Machine, Machine] => [from, to]))
  }

  isTroubled(a: Machine, b: Machine): boolean {
    return this.way(a, b).isTroubled || this.way(b, a).isTroubled
  }

  isLossy(a: Machine, b: Machine): boolean {
    return this.way(a, b).loss > 0 || this.way(b, a).loss > 0
  }

  // --- lives

  crash(machine: Machine): void {
    if (machine.life === null) return
    this.#over(machine)
    this.sim.network.crash(machine.name)
    this.count('crash')
  }

  /** Also of one that is up. */
  restart(machine: Machine): void {
    if (machine.life !== null) this.#over(machine)
    this.sim.network.restart(machine.name)
    this.count('restart')
  }

  #over(machine: Machine): void {
    if (machine.life !== null) machine.life.isOver = true
    machine.life = null
    machine.stop81 = null
    machine.isMember = false
    for (const one of this.connections) if (one.touches(machine)) one.isBlamed = true
    for (const one of this.#sent) one.must.delete(machine)
  }

  #boot(machine: Machine, host: SimulatedHost): void {
    const { reactor } = host
    const found = JSON.stringify([...host.durable])
    const expected = JSON.stringify([...machine.durable])
    if (found !== expected) this.problem(`${machine.name} found ${found}, which should be ${expected}`)
    machine.host = host
    machine.lives += 1
    if (host.incarnation !== machine.lives) this.problem(`${machine.name} is in its life ${host.incarnation}`)
    const mailbox = new Mailbox((bytes, from) => this.#datagramCame(life, bytes, from))
    const life: LifeOf = { of: machine, reactor, isOver: false, port: reactor.listenMulticast(1_000, mailbox) }
    machine.life = life
    this.#listen(life, 80)
  }

  #listen(life: LifeOf, port: number): { stopListening(): unknown } {
    const factory = new Factory()
    factory.buildProtocol = (address: IAddress): Party | null => {
      if (life.isOver) this.problem(`a former life of ${life.of.name} has accepted`)
      const { host, port: theirs } = address as { host: string, port: number }
      const connection = this.#byAddress.get(`${host}:${theirs}`)
      if (connection?.to !== life.of || connection.port !== port) {
        this.problem(`${life.of.name}:${port} has accepted what nobody made: ${host}:${theirs}`)
        return null
      }
      if (connection.lives[1] !== null) this.problem(`accepted twice: ${connection}`)
      connection.lives[1] = life
      return connection.parties[1]
    }
    const made = life.reactor.listenTCP(port, factory)
    made.ready.addErrback((failure) => this.problem(`${life.of.name} cannot listen: ${String(failure.value)}`))
    return made
  }

  // --- connections

  connect(from: Machine, to: Machine, port: number, halves: [boolean, boolean]): Connection | null {
    const { life } = from
    if (life === null) return null
    const isClean = !this.isLossy(from, to) && !this.way(from, to).isCut && !this.way(to, from).isCut
    const made = new Connection(this.connections.length + 1, life, to, port, halves, isClean)
    this.connections.push(made)
    for (const party of made.parties) {
      party.witness = (what, bytes) => this.#told(made, party, what, bytes)
    }
    const factory = new ClientFactory()
    factory.buildProtocol = () => made.parties[0]
    factory.clientConnectionFailed = (_connector, reason) => {
      if (life.isOver) this.problem(`a former life of ${from.name} hears that it cannot connect`)
      made.failed = reason.value.constructor.name
    }
    life.reactor.connectTCP(to.name, port, factory, { timeout: 30_000 })
    return made
  }

  perform(connection: Connection, step: Step): void {
    const { side } = step
    if (!connection.isAlive(side)) return
    const party = connection.parties[side]
    if (step.do === 'write') {
      const [from, to] = side === 0 ? [connection.from, connection.to] : [connection.to, connection.from]
      this.way(from, to).handed(this.now, step.bytes)
    } else if (step.do === 'pause') {
      connection.isPaused[side] = connection.wasPaused[side] = true
    } else if (step.do === 'resume') {
      connection.isPaused[side] = false
    } else {
      connection.isBlamed = true
    }
    party.perform(step)
  }

  keepAlive(connection: Connection, side: 0 | 1): void {
    if (!connection.isAlive(side)) return
    const { transport } = connection.parties[side]
    ;(transport as unknown as { setTcpKeepAlive(on: boolean, ms: number): void }).setTcpKeepAlive(true, ASKED)
    connection.keepAlive[side] = true
  }

  #told(connection: Connection, party: Party, what: string, bytes: number): void {
    const { side } = party
    const life = connection.lives[side]
    if (life === null || life.isOver) this.problem(`a former life is told of ${what}: ${connection}`)
    if (what === 'made' && side === 0) {
      const { host, port } = party.transport!.getHost() as unknown as { host: string, port: number }
      this.#byAddress.set(`${host}:${port}`, connection)
    } else if (what === 'data') {
      const [from, to] = side === 0 ? [connection.to, connection.from] : [connection.from, connection.to]
      const way = this.way(from, to)
      if (way.isTroubled && !connection.wasPaused[side]) this.problem(`bytes pass where nothing does: ${connection}`)
      if (!way.came(this.now, bytes)) this.problem(`faster than ${way.rate} bytes a second: ${connection}`)
      this.count('data')
    } else if (what === 'lost' || what === 'end') {
      if (!connection.isBlamed && connection.lives[1] !== null) this.problem(`an end without a cause: ${connection}`)
      // What ends one side may end the other.
      connection.isBlamed = true
      this.count(party.log.at(-1)!)
    }
  }

  expected(from: Machine, to: Machine, port: number): Outcome {
    if (this.isTroubled(from, to) || to.life === null || has(to.ignores, port)) return 'timeout'
    const isLossy = this.isLossy(from, to)
    if (has(to.refuses, port) || (port === 81 && to.stop81 === null)) return isLossy ? 'refused or timeout' : 'refused'
    return isLossy ? 'connected or timeout' : 'connected'
  }

  /** Looks how an attempt has come out that nothing has disturbed for as long as it may take. */
  compare(connection: Connection, expected: Outcome): void {
    const { failed } = connection
    const [client, server] = connection.parties.map(({ log }) => log[0] === 'made')
    const outcome = failed === '' && client && server ? 'connected'
      : failed === 'ConnectionRefusedError' && !client && !server ? 'refused'
        : failed === 'TimeoutError' && !client && !server ? 'timeout' : `${failed} ${client} ${server}`
    this.count(outcome)
    if (!expected.split(' or ').includes(outcome)) {
      this.problem(`it should be ${expected}, not ${outcome}: ${connection}`)
    }
  }

  // --- datagrams

  /** @param to null for the group */
  send(from: Machine, to: Machine | null, length: number): void {
    const { life } = from
    if (life === null) return
    const id = this.#sent.length
    const may: Sent['may'] = new Map()
    const must = new Set<Machine>()
    const receivers = to === null ? this.machines.filter(({ isMember }) => isMember) : [to]
    for (const one of receivers) {
      const way = this.way(from, one)
      const least = one === from ? LOOPBACK : way.least
      const most = way.duplicate > 0 ? 2 : 1
      may.set(one, { earliest: this.now + least - 0.001, most, shape: way.shape, releases: 0, flock: null })
      if (one.life !== null && !way.isCut && way.loss === 0) must.add(one)
      way.handed(this.now, 4 + length)
    }
    const bytes = datagramBytes(id, length)
    this.#sent.push({ id, from, bytes, time: this.now, isGroup: to === null, may, must })
    const given = bytes.slice()
    life.port.write(given, { host: to === null ? GROUP : to.host.ipv4, port: 1_000 })
    // What a program does to its array later is nobody else's business.
    given.fill(0)
  }

  #datagramCame({ of: machine, isOver }: LifeOf, bytes: Uint8Array, { host, port }: UDPAddress): void {
    const sent = this.#sent[bytes.length < 4 ? -1 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)]
    const wrong = (what: string): void => this.problem(`${machine.name} has got a datagram ${what}`)
    if (isOver) wrong('in a life that is over')
    if (sent === undefined) return wrong('that nobody has sent')
    if (bytes.length !== sent.bytes.length || bytes.some((byte, i) => byte !== sent.bytes[i])) wrong('with other bytes')
    if (host !== sent.from.host.ipv4 || port !== 1_000) wrong(`from ${host}:${port}`)
    const may = sent.may.get(machine)
    if (may === undefined || (sent.isGroup && !machine.isMember)) return wrong('that is not for it')
    may.most -= 1
    const way = this.way(sent.from, machine)
    if (may.most < 0) wrong('too often')
    if (may.flock !== null) {
      if (may.flock.last > sent.id) wrong('that was held, after one that came later')
      may.flock.last = sent.id
    }
    if (this.now < may.earliest) wrong(`${may.earliest - this.now} ms too early`)
    if (way.isTroubled) wrong('where nothing passes')
    if (sent.must.delete(machine) && !way.came(this.now, bytes.length)) wrong('faster than its link is')
    // A receiver may do that, and no other hears of it.
    bytes.fill(0)
    this.count(sent.isGroup ? 'multicast' : 'datagram')
  }

  join(machine: Machine): void {
    const { life } = machine
    if (life === null) return
    machine.isMember = !machine.isMember
    const done = machine.isMember ? life.port.joinGroup(GROUP) : life.port.leaveGroup(GROUP)
    done.addErrback((failure) => this.problem(`${machine.name} and its group: ${String(failure.value)}`))
    if (!machine.isMember) for (const one of this.#sent) if (one.isGroup) one.must.delete(machine)
  }

  // --- what else hosts do

  listen81(machine: Machine): void {
    const { life } = machine
    if (life === null) return
    if (machine.stop81 === null) {
      const port = this.#listen(life, 81)
      machine.stop81 = () => port.stopListening()
    } else {
      machine.stop81()
      machine.stop81 = null
    }
  }

  keep(machine: Machine, key: string, value: string | null): void {
    if (machine.life === null) return
    if (value === null) machine.durable.delete(key)
    else machine.durable.set(key, value)
    if (value === null) machine.host.durable.delete(key)
    else machine.host.durable.set(key, value)
  }

  later(machine: Machine, delay: number): void {
    const { life } = machine
    if (life === null) return
    const { reactor } = life
    const timer = { life, due: reactor.now() + delay, isDone: false }
    this.#timers.push(timer)
    reactor.callLater(delay, () => {
      timer.isDone = true
      const late = reactor.now() - timer.due
      if (life.isOver) this.problem(`a call of a former life of ${machine.name}`)
      // A microsecond of the world, as this host's clock goes.
      if (late < 0 || late > 0.005) this.problem(`a call of ${machine.name} comes ${late} ms late`)
      this.count('call')
    })
  }

  skew(machine: Machine, offset: number, drift: number): void {
    machine.offset = machine.host.clockOffset = offset
    machine.drifts(this.now, drift)
    machine.host.clockDrift = drift
  }

  /** @param of null for a name that nobody has */
  resolve(machine: Machine, of: Machine | null): void {
    const { life } = machine
    if (life === null) return
    const lookup = { life, of, told: '' }
    this.#lookups.push(lookup)
    const hear = (told: string): void => {
      lookup.told = told
      if (life.isOver) this.problem(`a former life of ${machine.name} is told an address`)
    }
    const name = this.numbers.chance(0.5) ? of?.name : of?.name.toUpperCase()
    life.reactor.nameResolver.resolve(name ?? 'nobody').addCallbacks(
      (found) => hear(found.map((one) => (one as { host: string }).host).join()), () => hear('error'))
  }

  // --- time

  async run(ms: number): Promise<void> {
    await this.sim.run(this.now + ms)
    this.look()
  }

  /** What is always so. */
  look(): void {
    for (const connection of this.connections) {
      const { parties: [client, server] } = connection
      const problem = broken([client, server])
      if (problem !== '') this.problem(`${problem}: ${connection}`)
    }
    for (const machine of this.machines) {
      const { life } = machine
      if (life === null) continue
      const off = life.reactor.wallClock() - EPOCH - machine.offset - machine.counted(this.now)
      if (Math.abs(off) > 0.1) this.problem(`the clock of ${machine.name} is ${off} ms off`)
    }
    if (this.#problems.length > 0) throw new Error(this.#problems[0])
  }

  /** Nothing changes for a while: what nothing is in the way of is there after that. */
  async calm(ms: number = CALM): Promise<void> {
    await this.run(ms)
    for (const { id, from, must } of this.#sent) {
      for (const machine of must) {
        if (this.way(from, machine).isTroubled) continue
        this.problem(`${machine.name} has not got datagram ${id} of ${from.name}`)
      }
    }
    this.#timers = this.#timers.filter((one) => {
      const isLeft = !one.isDone && !one.life.isOver
      if (isLeft && one.due < one.life.reactor.now() - 0.005) this.problem(`a call of ${one.life.of.name} is missing`)
      return isLeft
    })
    for (const { life, of, told } of this.#lookups) {
      const expected = of === null ? 'error' : `${of.host.ipv4},${of.host.ipv6}`
      if (!life.isOver && told !== expected) this.problem(`${life.of.name} was told '${told}' for ${of?.name}`)
      this.count(life.isOver ? 'lookup of nobody' : 'lookup')
    }
    this.#lookups = []
    for (const one of this.connections) this.#lookAtCalm(one)
    this.look()
  }

  #lookAtCalm(one: Connection): void {
    const { from, to } = one
    if (this.isTroubled(from, to)) return
    if (one.mustEnd) for (const side of [0, 1]) if (one.knowsNothing(side)) this.problem(`not reset: ${one}`)
    if (!one.isClean || !one.isBetweenTwo) return
    for (const side of [0, 1] as const) {
      const [reader, writer] = [one.parties[side], one.parties[1 - side] as Party]
      if (one.isPaused[side] || reader.closedByUs || reader.got === writer.written) continue
      this.problem(`${writer.written} bytes were sent: ${one}`)
    }
  }

  // --- faults

  cut(from: Machine, to: Machine): void {
    this.way(from, to).isCut = true
    for (const one of this.#sent) if (one.from === from) one.must.delete(to)
    for (const one of this.#between(from, to)) one.isClean = one.mustEnd = false
  }

  partition(a: Machine[], b: Machine[], oneWay: boolean): void {
    this.sim.network.partition(a.map(({ name }) => name), b.map(({ name }) => name), { oneWay })
    for (const from of a) {
      for (const to of b) {
        if (from === to) continue
        this.cut(from, to)
        if (!oneWay) this.cut(to, from)
      }
    }
  }

  /** Of two, or of all. */
  mend(what: 'heal' | 'release' | 'healAll', a: Machine, b: Machine): void {
    if (what === 'healAll') this.sim.network.healAll()
    else this.sim.network[what](a.name, b.name)
    if (what !== 'heal') {
      for (const [from, to] of what === 'release' ? [[a, b], [b, a]] as const : this.pairs()) this.#released(from, to)
    }
    for (const way of what === 'healAll' ? this.#ways.values() : [this.way(a, b), this.way(b, a)]) {
      if (what !== 'release') way.isCut = false
      if (what !== 'heal') way.isHeld = false
    }
  }

  /** What has waited there takes the way's time from now on. */
  #released(from: Machine, to: Machine): void {
    const way = this.way(from, to)
    const flock = { last: -1 }
    if (!way.isHeld || way.rate !== Infinity) return
    for (const one of this.#sent) {
      const may = one.may.get(to)
      if (one.from !== from || may === undefined) continue
      may.releases += 1
      may.flock = null
      if (one.time + LONG > this.now) continue
      may.earliest = this.now + way.least - 0.001
      // They have come in the order in which they were sent.
      // What is held for the second time takes the way's time once more, and later ones do not.
      if (way.isSteady && may.shape === way.shape && may.releases === 1) may.flock = flock
    }
  }

  hold(a: Machine, b: Machine): void {
    if (a === b) return
    this.sim.network.hold(a.name, b.name)
    this.way(a, b).isHeld = this.way(b, a).isHeld = true
  }

  reset(a: Machine, b: Machine): void {
    this.sim.network.reset(a.name, b.name)
    for (const one of this.#between(a, b)) {
      one.isBlamed = true
      one.mustEnd ||= one.isMade && one.isBetweenTwo && !this.isTroubled(a, b) && !this.isLossy(a, b)
    }
  }

  shape(from: Machine, to: Machine, options: Shape): void {
    if (from === to) return
    const { loss, duplicate, latency, reorder } = options
    this.sim.network.linkOneWay(from.name, to.name, options)
    const isSteady = latency[0] === latency[1] && reorder === 0
    const way = this.way(from, to)
    Object.assign(way, { loss, duplicate, least: latency[0], isSteady, shape: way.shape + 1 })
    if (loss > 0) for (const one of this.#between(from, to)) one.isClean = false
  }

  /** @param port null for all */
  rule(machine: Machine, what: 'refuse' | 'blackHole', port: number | null, on: boolean): void {
    this.sim.network[what](machine.name, port, on)
    const ports = what === 'refuse' ? machine.refuses : machine.ignores
    if (on) ports.add(port)
    else ports.delete(port)
  }

  #between(a: Machine, b: Machine): Connection[] {
    return this.connections.filter((one) => one.touches(a) && one.touches(b) && (a !== b || one.from === one.to))
  }
}

function has(ports: ReadonlySet<number | null>, port: number): boolean {
  return ports.has(port) || ports.has(null)
}

/** A host's way to itself, of which nothing is asked. */
const SELF = new Way(Infinity)
