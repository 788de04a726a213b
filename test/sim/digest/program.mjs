/**
 * One fixed scenario on the built package; prints the digest of its trace, and how long and how much of it there is.
 *
 *   node program.mjs [simd | baseline | plain] [seed]
 *
 * It does what could differ from machine to machine: promises and Deferreds side by side, numbers in texts, sorting,
 * dates, failures, logs, streams (TCP, UNIX, TLS), datagrams, multicast, HTTP, faults, crashes and clocks that go
 * wrong. It counts what was received of each. Plain JavaScript, so that any Node runs it.
 */
import { ClientFactory, DatagramProtocol, Factory, inlineCallbacks, LineReceiver, LoopingCall, Protocol } from 'whorl'
import { createCore } from 'whorl/core'
import { instantiatePlain } from 'whorl/core/plain'
import { Agent, serve } from 'whorl/http'
import { simulatedIdentity, Simulation } from 'whorl/testing'

const [build = 'simd', seed = 'digest'] = process.argv.slice(2)
const core = createCore(build === 'plain' ? { instantiate: instantiatePlain } : { build })
const simulation = new Simulation({
  seed, core, latency: [0.2, 20], loss: 0.02, duplicate: 0.02, reorder: 0.1, bandwidth: 1e6,
})
const { network } = simulation
const SECONDS = 60
const GROUP = '239.1.2.3'
const heard = { tcp: 0, unix: 0, tls: 0, udp: 0, multicast: 0, http: 0 }
let said = 0

/** What no record of the trace says by itself, but must be the same; it is written into the trace at the end. */
function say(host, text) {
  said += 1
  host.durable.set('said', `${host.durable.get('said') ?? ''}${host.reactor.now()} ${text}\n`.slice(-2000))
}

/** Answers each line with what an engine makes of numbers, texts, orders and dates. */
class Lines extends LineReceiver {
  lineReceived(line) {
    const words = line.split(' ').sort().reverse()
    const when = new Date(this.factory.host.reactor.wallClock()).toISOString()
    const numbers = `${Math.sqrt(words.length) / 3} ${(line.length / 7).toFixed(3)}`
    this.sendLine(`${words.join('-').toUpperCase()} ${numbers} ${when}`)
  }
}

class Asking extends LineReceiver {
  connectionMade() {
    const { host } = this.factory
    this.loop = new LoopingCall(() => this.sendLine(`the quick ${simulation.now} brown ü 日本 ${host.name}`))
    this.loop.clock = host.reactor
    this.loop.start(700)
  }

  lineReceived(line) {
    heard[this.factory.kind] += 1
    say(this.factory.host, line)
  }

  connectionLost(reason) {
    say(this.factory.host, reason.value.name)
    if (this.loop?.running) this.loop.stop()
    const { host, connector } = this.factory
    host.reactor.callLater(1500, () => connector.connect())
  }
}

class Callers extends ClientFactory {
  protocol = Asking

  constructor(host, kind) {
    super()
    this.host = host
    this.kind = kind
  }

  startedConnecting(connector) {
    this.connector = connector
  }

  clientConnectionFailed(connector, reason) {
    say(this.host, reason.value.name)
    this.host.reactor.callLater(900, () => connector.connect())
  }
}

class Datagrams extends DatagramProtocol {
  constructor(host) {
    super()
    this.host = host
  }

  datagramReceived(data, from) {
    heard.udp += 1
    say(this.host, `${data.length} ${from.host}`)
    if (data[0] > 0) this.transport.write(data.map((byte) => byte - 1), from)
  }
}

/** Tells the group something every now and then, and says what the others tell it. */
class Members extends DatagramProtocol {
  constructor(host) {
    super()
    this.host = host
  }

  startProtocol() {
    const loop = new LoopingCall(() => this.transport.write(`from ${this.host.name}`, { host: GROUP, port: 5000 }))
    loop.clock = this.host.reactor
    this.transport.joinGroup(GROUP).addCallback(() => loop.start(1100))
  }

  datagramReceived(data, from) {
    heard.multicast += 1
    say(this.host, `${data.length} of the group ${from.host}`)
  }
}

simulation.host('server', (host) => {
  const factory = Factory.forProtocol(Lines)
  factory.host = host
  host.reactor.listenTCP(7, factory)
  host.reactor.listenSSL(443, factory, { identity: simulatedIdentity(['server']) })
  host.reactor.listenUDP(9, new Datagrams(host))
  // After a crash, the file of the former life is still there.
  const path = `/run/lines-${host.incarnation}`
  host.reactor.listenUNIX(path, factory).ready
    .addCallback(() => host.reactor.connectUNIX(path, new Callers(host, 'unix')))
  serve(host.reactor, 'tcp:80', async (request) => {
    const bytes = await request.read()
    await null
    if (request.path === '/wrong') throw new Error('a failure that is logged')
    return { headers: { 'X-Bytes': String(bytes.length) }, body: `${request.path} ${Math.PI * bytes.length}` }
  })
})

for (let i = 0; i < 4; i++) {
  simulation.host(`client-${i}`, (host) => {
    const { reactor } = host
    reactor.connectTCP('server', 7, new Callers(host, 'tcp'))
    reactor.connectSSL('server', 443, new Callers(host, 'tls'))
    reactor.listenMulticast(5000, new Members(host))
    const datagrams = reactor.listenUDP(0, new Datagrams(host))
    const agent = new Agent(reactor)
    const ask = inlineCallbacks(function* (path) {
      const response = yield agent.request('POST', `http://server${path}`, { body: 'x'.repeat(100 * (i + 1)) })
      const text = yield response.text()
      heard.http += 1
      return `${response.status} ${text}`
    })
    const loop = new LoopingCall(async () => {
      datagrams.write(Uint8Array.of(3, i), { host: simulation.host('server').ipv4, port: 9 })
      // Promises, Deferreds and timers in one race.
      const answers = await Promise.allSettled([
        ask(`/a${i}`), ask('/wrong'), Promise.resolve(i).then((n) => n * 2),
        new Promise((done) => reactor.callLater(5, done)),
      ])
      say(host, answers.map((one) => one.status === 'fulfilled' ? one.value : one.reason.name).join())
    })
    loop.clock = reactor
    loop.start(3000)
  })
}

simulation.at(10_000, () => network.partition('server', ['client-0', 'client-1']))
simulation.at(14_000, () => network.heal('server', ['client-0', 'client-1']))
simulation.at(20_000, () => network.crash('client-2'))
simulation.at(25_000, () => network.restart('client-2'))
simulation.at(30_000, () => network.crash('server'))
simulation.at(33_000, () => network.restart('server'))
simulation.at(40_000, () => network.reset('client-3'))
simulation.host('client-3').clockDrift = 300
simulation.host('client-0').clockOffset = -5000.5
simulation.at(45_000, () => network.hold('server', 'client-1'))
simulation.at(47_000, () => network.release('server', 'client-1'))

await simulation.run(SECONDS * 1000)
for (let i = 0; i < 4; i++) simulation.note(simulation.host(`client-${i}`).durable.get('said'))
const result = {
  digest: simulation.digest(), bytes: simulation.trace().length, heard, said, log: simulation.log.length,
  unhandled: simulation.unhandled.length, random: simulation.random.fork('end').next(),
}
simulation.close()
process.stdout.write(`${JSON.stringify(result)}\n`)
