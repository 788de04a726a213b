/**
 * What only pages have: relays, policies, service workers; as suites beside those of the contract.
 */
import {
  ClientFactory, clientFromString, connectProtocol, Deferred, Factory, LineReceiver, NotSupportedError, Protocol,
  TCP4ClientEndpoint, TunnelRefusedError,
} from 'whorl'
import type { Reactor } from 'whorl'
import { defaultCore, createCore } from 'whorl/core'
import { Agent } from 'whorl/http'
import {
  createReactor, fromMessagePort, fromWebSocket, loadCore, registerWebEndpoints, TunnelClientEndpoint,
  WebSocketEndpoint,
} from 'whorl/web'
import { askThrough } from '../../../../examples/snippets/web-lines.js'
import { equal, equalBytes, ok, pass, pattern, rejects, throws, until } from '../../../contract/checks.js'
import type { CaseContext, ContractSuite, PeerName } from '../../../contract/contract.js'
import { bytesOf, Recorder } from '../../../contract/recorder.js'
import type { Setup } from './setup.js'

class Asking extends LineReceiver {
  readonly #waiting: Deferred<string>[] = []

  ask(line: string): Deferred<string> {
    const answer = new Deferred<string>()
    this.#waiting.push(answer)
    this.sendLine(line)
    return answer
  }

  override lineReceived(line: string): void {
    this.#waiting.shift()!.callback(line)
  }
}

async function asked(reactor: Reactor, setup: Setup): Promise<void> {
  const asking = await connectProtocol(new TCP4ClientEndpoint(reactor, setup.lab.host, setup.linePort), new Asking())
  const answers = Array.from({ length: 100 }, (_, i) => asking.ask(`add ${i} ${i}`))
  equal(await Promise.all(answers), Array.from({ length: 100 }, (_, i) => String(2 * i)), 'answers')
  asking.transport.loseConnection()
}

/** The relay's URL, whole. */
function relayURL({ relay }: Setup): string {
  return new URL(relay, location.href).href.replace(/^http/, 'ws')
}

export function ownSuites(setup: Setup): ContractSuite[] {
  return [relaySuite(setup), pageSuite(setup)]
}

function relaySuite(setup: Setup): ContractSuite {
  const { lab } = setup
  return {
    name: 'web-relay',
    cases: [
      {
        name: 'a line protocol talks with a plain TCP server',
        run: (context: CaseContext) => asked(context.reactor, setup),
      },
      {
        name: 'the program of docs/guide/web.md asks a plain TCP server',
        run: async () => equal(
          await askThrough(setup.relay, setup.token, `localhost:${setup.linePort}`, 'add 1 2'), '3', 'the answer'),
      },
      {
        name: 'a client factory of connectTCP, and its connector',
        async run({ reactor }: CaseContext) {
          const lost = new Deferred<string>()
          class Greeted extends Factory {
            override buildProtocol(): Protocol {
              return Object.assign(new Protocol(), { dataReceived(this: Protocol) { this.transport.loseConnection() } })
            }
          }
          const factory = Object.assign(new ClientFactory(), {
            buildProtocol: new Greeted().buildProtocol,
            clientConnectionLost: (_connector: unknown, reason: { value: Error }) => lost.callback(reason.value.name),
          })
          reactor.connectTCP(lab.host, lab.ports.greet, factory)
          equal(await lost, 'ConnectionDone')
        },
      },
      {
        name: 'an HTTP agent fetches from a plain HTTP server, by name',
        async run({ reactor }: CaseContext) {
          const agent = new Agent(reactor)
          const response = await agent.request('GET', `http://localhost:${lab.httpPort}/`)
          ok(response.status < 500, 'a status')
          ok((await response.text()).length >= 0, 'a body')
        },
      },
      {
        name: 'a tunnel: string',
        async run({ reactor }: CaseContext) {
          registerWebEndpoints()
          const relay = relayURL(setup).replace(/:/g, '\\:')
          const endpoint = clientFromString(
            reactor, `tunnel:${relay}:${lab.host}:${lab.ports.greet}:token=${setup.token}`)
          const protocol = await connectProtocol(endpoint, new Recorder())
          await until(reactor, () => protocol.text === 'hello\r\n')
          equal(protocol.transport.getPeer(), { family: 'IPv4', type: 'TCP', host: lab.host, port: lab.ports.greet })
          protocol.transport.loseConnection()
        },
      },
      {
        name: 'a relay that refuses says why',
        async run({ reactor }: CaseContext) {
          const refused = async (host: string, port: number, token: string): Promise<string> =>
            (await rejects(connectProtocol(new TunnelClientEndpoint(reactor, relayURL(setup), host, port, { token }),
              new Protocol()), TunnelRefusedError)).refusal
          equal(await refused(lab.host, lab.ports.echo, 'wrong'), 'unauthenticated')
          equal(await refused('example.com', 80, setup.token), 'not-allowed')
          equal(await refused('10.0.0.1', 80, setup.token), 'not-allowed')
        },
      },
      {
        name: 'without a relay connectTCP says what is missing',
        run() {
          const error = throws(() => createReactor().connectTCP('127.0.0.1', 1, new ClientFactory()), NotSupportedError)
          equal([error.host, error.feature], ['web', 'connectTCP'])
          ok(error.reason?.includes('relay') === true, 'the reason names the relay')
          const listening = throws(() => createReactor({ relay: { url: setup.relay } }).listenTCP(1, new Factory()),
            NotSupportedError)
          equal(listening.feature, 'listenTCP')
        },
      },
    ],
  }
}

function pageSuite(setup: Setup): ContractSuite {
  return {
    name: 'web-page',
    cases: [
      {
        name: 'the policy of the page is what it should be, and the core follows',
        async run() {
          let may = true
          try {
            // An empty module.
            await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
          } catch {
            may = false
          }
          equal(may, setup.wasm, 'whether there may be wasm')
          equal(defaultCore().exports.memory instanceof WebAssembly.Memory, setup.wasm, 'whether the core is wasm')
          equal(await loadCore() === defaultCore(), true, 'loadCore again')
        },
      },
      {
        name: 'the core compiles while it loads',
        lacks: () => setup.wasm ? null : 'wasm: the page\'s Content-Security-Policy forbids WebAssembly',
        async run() {
          const module = await WebAssembly.compileStreaming(fetch('/dist/core.wasm'))
          const core = createCore({ module })
          ok(core.memoryUsage().total > 0, 'memory')
          await rejects(loadCore('/nothing.wasm'), Error, 'a core that is not there')
        },
      },
      {
        name: 'timers of 1 ms are not held up by each other, and later turns take no 4 ms',
        async run({ reactor }: CaseContext) {
          const began = reactor.now()
          await new Promise<void>((resolve) => {
            let left = 200
            const again = (): void => {
              if (left-- === 0) resolve()
              else reactor.callLater(0, again)
            }
            again()
          })
          // 200 timers of the browser would take 800 ms.
          ok(reactor.now() - began < 700, `200 turns took ${reactor.now() - began} ms`)
        },
      },
      {
        name: 'two ends of a MessageChannel are two transports',
        async run(context: CaseContext) {
          const { reactor } = context
          const { port1, port2 } = new MessageChannel()
          const [one, two] = [new Recorder(), new Recorder()]
          fromMessagePort(port1, { reactor, protocol: one })
          fromMessagePort(port2, { reactor, protocol: two })
          one.transport.write(pattern(700_000))
          two.transport.write('back')
          equalBytes(await bytesOf(context, two, 700_000), pattern(700_000))
          equal(one.text, 'back')
          one.transport.loseConnection()
          await until(reactor, () => one.reason !== null && two.reason !== null)
          equal([one.reason!.name, two.reason!.name], ['ConnectionDone', 'ConnectionDone'])
        },
      },
      {
        name: 'a WebSocket of the page is a transport',
        async run(context: CaseContext) {
          const { reactor } = context
          const protocol = new Recorder()
          const ws = new WebSocket(`ws://${setup.lab.host}:${setup.webSocketPorts.echo}/`)
          fromWebSocket(ws, { reactor, protocol })
          protocol.transport.write('over a WebSocket')
          equal((await bytesOf(context, protocol, 16)).length, 16)
          protocol.transport.loseConnection()
          await until(reactor, () => protocol.reason !== null)
        },
      },
      {
        name: 'a WebSocketStream of the page is a transport, which feels a slow server and slows a fast one',
        lacks: () => 'WebSocketStream' in globalThis ? null : 'WebSocketStream: this browser has none',
        async run(context: CaseContext) {
          const { reactor } = context
          const to = (peer: PeerName): WebSocketEndpoint => new WebSocketEndpoint(reactor,
            `ws://${setup.lab.host}:${setup.webSocketPorts[peer]}/`, { stream: true })
          const echo = await connectProtocol(to('echo'), new Recorder())
          echo.transport.write(pattern(1_000_000))
          equalBytes(await bytesOf(context, echo, 1_000_000), pattern(1_000_000))
          echo.transport.pauseProducing()
          echo.transport.write('held')
          await pass(reactor, 100)
          equal(echo.length, 1_000_000, 'while paused')
          echo.transport.resumeProducing()
          await bytesOf(context, echo, 1_000_004)
          echo.transport.loseConnection()
          await until(reactor, () => echo.reason !== null)
          equal(echo.reason!.name, 'ConnectionDone')
          const deaf = await connectProtocol(to('deaf'), new Recorder())
          for (let i = 0; i < 64; i++) deaf.transport.write(pattern(262_144))
          await pass(reactor, 300)
          ok(deaf.transport.writableLength > 1_000_000, 'a server that does not read is felt')
          deaf.transport.abortConnection()
          await until(reactor, () => deaf.reason !== null)
        },
      },
      {
        name: 'a service worker speaks with the line server, too',
        lacks: () => setup.place !== 'page' ? 'serviceWorker: only pages register them, not workers'
          : setup.wasm ? null : 'serviceWorker: it may not import() the core as JavaScript when it finds no WebAssembly',
        async run() {
          const { serviceWorker } = navigator
          const registered = await serviceWorker.register(new URL('./service-worker.js', import.meta.url),
            { type: 'module', scope: '/js/test/hosts/web/in-host/' })
          const worker = (registered.installing ?? registered.waiting ?? registered.active)!
          while (worker.state !== 'activated') {
            await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }))
          }
          const { port1, port2 } = new MessageChannel()
          const answered = new Promise<unknown>((resolve) => {
            port1.onmessage = ({ data }) => resolve(data)
          })
          worker.postMessage({
            relay: relayURL(setup), token: setup.token, host: setup.lab.host, port: setup.linePort, line: 'add 20 22',
          }, [port2])
          equal(await answered, { answer: '42' })
          await registered.unregister()
        },
      },
    ],
  }
}
