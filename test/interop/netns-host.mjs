/**
 * A host's program in the tests with two hosts: MODULE JOB. Prints one JSON object a line, takes orders the same way,
 * and stops its reactor when there are no more.
 *
 *   { do: 'group', any, group, iface, port? }   hears a group, and answers each datagram        → { bound } { got, from }
 *     orders: { leave }                                                                        → { left }
 *     orders: { send, to, port, ttl?, loopback?, iface? }   sends one datagram                  → { sent }
 *   { do: 'serve', interface }              sends back what comes          → { listening } { open } { lost }
 *   { do: 'connect', via, host, port, names?, timeout?, bytes? }            → { connected } { failed } { lost }
 *                                           sends bytes, and counts what comes back; → { moving } when some have
 *     orders: { enough }                    sends no more                  → { whole } when all have come back
 *   orders of these two: { patience }            aborts what makes no progress for so long, ms
 *   { do: 'dns', interface, records }       answers for names (and never for "silent.example")   → { bound }
 *   { do: 'resolve', names }                asks the host's resolver        → { resolved, addresses } or { resolved, error }
 */
import process from 'node:process'
import { createInterface } from 'node:readline'

const [module, text] = process.argv.slice(2)
const whorl = await import(module)
const job = JSON.parse(text)
const reactor = whorl.createReactor({ installSignalHandlers: false })
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
const nameOf = (reason) => reason.value.name
const PIECE = new Uint8Array(65_536)
const SOME = 16 << 20
let order = (what) => {
  if (what.patience !== undefined) patience = what.patience
  if (what.enough !== undefined) enough = true
  for (const one of open) {
    one.progress()
    one.check?.()
  }
}

class Group extends whorl.DatagramProtocol {
  datagramReceived(data, address) {
    const got = new TextDecoder().decode(data)
    say({ got, from: address.host, port: address.port })
    if (!got.startsWith('re:')) this.transport.write(`re:${got}`, address)
  }
}

let patience = null
let enough = false
const open = new Set()

class Patient extends whorl.Protocol {
  losses = 0
  received = 0
  #timer = null

  connectionMade() {
    open.add(this)
  }

  progress() {
    if (patience === null) return
    if (this.#timer === null) this.#timer = reactor.callLater(patience, () => this.transport.abortConnection())
    else if (this.#timer.active()) this.#timer.reset(patience)
  }

  dataReceived(data) {
    this.received += data.length
    this.progress()
  }

  connectionLost(reason) {
    open.delete(this)
    if (this.#timer?.active()) this.#timer.cancel()
    this.losses += 1
    say({ lost: nameOf(reason), times: this.losses })
  }
}

class Echo extends Patient {
  connectionMade() {
    super.connectionMade()
    say({ open: this.transport.getPeer().host })
  }

  dataReceived(data) {
    super.dataReceived(data)
    this.transport.write(data)
  }
}

class Sender extends Patient {
  sent = 0
  #paused = false

  connectionMade() {
    super.connectionMade()
    say({ connected: this.transport.getPeer().host, family: this.transport.getPeer().family })
    if (job.bytes === undefined) return
    this.transport.registerProducer(this, true)
    this.resumeProducing()
  }

  pauseProducing() {
    this.#paused = true
  }

  stopProducing() {
    this.#paused = true
  }

  resumeProducing() {
    this.#paused = false
    while (!this.#paused && !enough && (job.bytes === null || this.sent < job.bytes)) {
      this.transport.write(PIECE)
      this.sent += PIECE.length
    }
    if (!this.#paused) this.transport.unregisterProducer()
  }

  dataReceived(data) {
    const before = this.received
    super.dataReceived(data)
    if (before < SOME && this.received >= SOME) say({ moving: this.received })
    this.check()
  }

  check() {
    if ((enough || this.sent === job.bytes) && this.received === this.sent) say({ whole: this.received })
  }
}

/** Answers questions for A records; RFC 1035 §4.1, with the first name of the answer pointing at the question's. */
class NameServer extends whorl.DatagramProtocol {
  datagramReceived(data, address) {
    const labels = []
    let at = 12
    for (; data[at] !== 0; at += data[at] + 1) labels.push(new TextDecoder().decode(data.subarray(at + 1, at + 1 + data[at])))
    const name = labels.join('.').toLowerCase()
    if (name === 'silent.example') return
    const question = data.subarray(12, at + 5)
    const record = job.records[name]
    const wantsA = data[at + 2] === 1
    const answer = record !== undefined && wantsA
      ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...record.split('.').map(Number)]
      : []
    const flags = [0x81, record === undefined ? 0x83 : 0x80]
    const counts = [0, 1, 0, answer.length > 0 ? 1 : 0, 0, 0, 0, 0]
    this.transport.write(Uint8Array.from([data[0], data[1], ...flags, ...counts, ...question, ...answer]), address)
  }
}

class Clients extends whorl.ClientFactory {
  buildProtocol() {
    return new Sender()
  }

  clientConnectionFailed(_connector, reason) {
    failed(reason)
  }
}

function failed(reason) {
  const { value } = reason
  const others = value.cause?.failures?.map((failure) => failure.value.name)
  say({ failed: value.name, ...(others === undefined ? {} : { others }) })
}

if (job.do === 'group') {
  const port = reactor.listenMulticast(job.port ?? 0, new Group(), { interface: job.any, listenMultiple: true })
  if (job.group !== undefined) await port.joinGroup(job.group, job.iface)
  if (job.iface !== undefined) port.setOutgoingInterface(job.iface)
  say({ bound: port.getHost().port })
  order = async ({ leave, send, to, port: number, ttl, loopback }) => {
    if (leave !== undefined) {
      await port.leaveGroup(leave, job.iface)
      say({ left: leave })
    }
    if (ttl !== undefined) port.setTTL(ttl)
    if (loopback !== undefined) port.setLoopbackMode(loopback)
    if (send !== undefined) {
      port.write(send, { host: to, port: number })
      say({ sent: send })
    }
  }
} else if (job.do === 'dns') {
  say({ bound: reactor.listenUDP(53, new NameServer(), { interface: job.interface }).getHost().port })
} else if (job.do === 'resolve') {
  for (const name of job.names) {
    reactor.nameResolver.resolve(name).addCallbacks(
      (addresses) => say({ resolved: name, addresses: addresses.map((address) => address.host) }),
      ({ value }) => say({ resolved: name, error: value.name, code: value.cause?.code }))
  }
} else if (job.do === 'serve') {
  const port = reactor.listenTCP(0, whorl.Factory.forProtocol(Echo), { interface: job.interface })
  await port.ready
  say({ listening: port.getHost().port })
} else if (job.do === 'connect') {
  if (job.names !== undefined) reactor.installNameResolver(new whorl.StaticResolver(job.names))
  const { host, port, timeout } = job
  if (job.via === 'endpoint') {
    new whorl.HostnameEndpoint(reactor, host, port, { timeout }).connect(new Clients()).addErrback(failed)
  } else {
    reactor.connectTCP(host, port, new Clients(), { timeout })
  }
}

const ended = reactor.run()
const orders = createInterface({ input: process.stdin })
orders.on('line', (line) => order(JSON.parse(line)))
orders.on('close', () => reactor.stop())
await ended
