/**
 * What a contract suite is, and what it needs to know of the host that it runs in.
 *
 * Suites are written once and run inside every host: they import `whorl` and nothing else, use no ambient name that
 * ECMAScript does not define, and check with `checks.ts`. Must not know: any host, any test runner.
 */
import type { IStreamClientEndpoint, IStreamServerEndpoint, Reactor } from 'whorl'

/** What a host can do or lack. `docs/hosts.md` shows them in this order. */
export const CAPABILITIES = [
  'timers', 'entropy', 'wallClock', 'signals', 'resolver', 'tcp.connect', 'tcp.listen', 'tls.connect', 'tls.listen',
  'tls.start', 'udp', 'multicast', 'unix.connect', 'unix.listen', 'websocket', 'processes', 'descriptors', 'threads',
  'files', 'compression', 'simulation',
] as const

export type Capability = typeof CAPABILITIES[number]

/** True for what the host can do; otherwise why it cannot, in words that its NotSupportedError has as well. */
export type Capabilities = Readonly<Record<Capability, true | string>>

/**
 * Behaviour of the far end of a connection. The lab, which is outside of the host and knows nothing of whorl, has one
 * port for each; `peers.ts` has the same as protocols, for ways whose far end is in a host itself.
 *
 * - echo: sends back what it gets, and its end after ours
 * - discard: reads until our end, then sends the count of bytes in decimal, and its end
 * - source: sends 1,048,576 bytes (byte i is i mod 251) at once, and its end; reads until ours
 * - deaf: never reads, until 1 s after accepting it reads and discards all, then answers as discard does
 * - greet: sends "hello\r\n" at once, then echoes
 * - half: sends its end at once, then reads until ours and forgets it
 * - close: closes as soon as connected, cleanly
 * - reset: resets as soon as it has received one byte
 * - trickle: sends the bytes 0…255 one by one, each by itself, then its end
 */
export const PEERS = ['echo', 'discard', 'source', 'deaf', 'greet', 'half', 'close', 'reset', 'trickle'] as const

export type PeerName = typeof PEERS[number]

/** What a way of streams has of TCP's promises; where it lacks one, the reason. */
export interface StreamTraits {
  /** The sending side can be closed by itself. */
  halfClose: true | string
  /** Once the far end has closed its sending side, what we write still arrives, and behind it our end, as an end. */
  lastWord: true | string
  /** The far end learns that a connection was aborted, and so do we. */
  reset: true | string
  /** A far end that does not read is felt. */
  backpressure: true | string
}

/** One way of this host to have stream connections: TCP, TLS, UNIX, a WebSocket, a MessagePort, … */
export interface StreamWay {
  readonly name: string
  readonly traits: StreamTraits
  /** An endpoint that connects to a peer of this behaviour. */
  client(reactor: Reactor, peer: PeerName): IStreamClientEndpoint
  /** Where nobody listens; missing where the way has no such thing. */
  refused?(reactor: Reactor): IStreamClientEndpoint
  /** Where the host can listen: a server endpoint on a free port, and how the same host reaches it. */
  server?(reactor: Reactor): { endpoint: IStreamServerEndpoint, client: (port: number) => IStreamClientEndpoint }
}

/** Addresses of the lab: programs that are not ours, on the machine that started the host. */
export interface Lab {
  readonly host: string
  readonly ports: Readonly<Record<PeerName, number>>
  /** The same behaviours over TLS, with a certificate for `localhost` and 127.0.0.1. */
  readonly tlsPorts: Readonly<Record<PeerName, number>>
  /** A port on which nothing listens. */
  readonly refused: number
  /** A port that answers nothing, not even the attempt to connect: its queue is full. 0 where none could be made. */
  readonly silent: number
  /** Echoes datagrams. */
  readonly udpPort: number
  /** Greets in plain text, "ready\r\n"; after "STARTTLS\r\n" it says "go\r\n", is a TLS server, and echoes. */
  readonly startTLSPort: number
  /** An HTTP server: see `lab-http.ts`. */
  readonly httpPort: number
  /** A WebSocket server that sends back each message as it came; "close 4001 why" makes it close so. */
  readonly webSocketPort: number
  /** The Node server of `examples/everywhere/`. */
  readonly everywherePort: number
  /** PEM: the authority, and a certificate and key for `localhost` signed by it. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** The three that must do the same: WebAssembly with and without SIMD, and JavaScript made of it. */
export type CoreBuildName = 'simd' | 'baseline' | 'plain'

/**
 * What a host may lack though it connects with TLS: `ca` authorities of one connection, `insecureSkipVerify` and `alpn`
 * the options of these names, `reasons` to tell a certificate from any other failure, `session` what was agreed on.
 */
export type TLSDetail = 'ca' | 'insecureSkipVerify' | 'alpn' | 'reasons' | 'session'

/** A host as the suites see it. */
export interface ContractHost {
  /** `node`, `deno`, … as NotSupportedErrors name it. */
  readonly name: string
  readonly version: string
  readonly capabilities: Capabilities
  readonly lab: Lab
  readonly ways: readonly StreamWay[]
  /** A reactor of its own for each case. */
  createReactor(): Reactor
  /**
   * An endpoint for a TCP port of the lab's machine, for suites that speak to a server there (`http`, `everywhere`):
   * TCP where the host has it, else what it has instead, a tunnel say. Missing: no stream reaches the lab.
   */
  reach?(reactor: Reactor, port: number): IStreamClientEndpoint
  /** Builds of the core that cannot be made here, and why; all can if not given. */
  readonly builds?: Partial<Record<CoreBuildName, string>>
  /**
   * What TLS lacks here, and why; nothing if not given. Where `ca` is lacking, the host trusts the lab's authority
   * without being told.
   */
  readonly tlsLacks?: Partial<Record<TLSDetail, string>>
  /** A name of a file that does not exist yet, for UNIX sockets; where there are such files. */
  freshPath?(): string
}

/** What a case is handed. */
export interface CaseContext {
  readonly host: ContractHost
  readonly reactor: Reactor
  /** The way that the case is run for; only in suites of streams. */
  readonly way: StreamWay
  /** Called when the case is over, however it ended; last first. */
  cleanup(fn: () => unknown): void
}

/** One case. */
export interface ContractCase {
  readonly name: string
  /** Capabilities without which it is not run; what is declared missing is checked by the suite `capabilities`. */
  readonly needs?: readonly Capability[]
  /** The same for traits of a way. */
  readonly traits?: readonly (keyof StreamTraits)[]
  /** Needs this build of the core. */
  readonly build?: CoreBuildName
  /** Needs these of TLS. */
  readonly tls?: readonly TLSDetail[]
  /** For ways that can listen only. */
  readonly listens?: boolean
  /** For ways that know where nobody listens only. */
  readonly refusable?: boolean
  /** For hosts from which streams reach the lab only. */
  readonly reaches?: boolean
  /** Why this host, or this lab, cannot do it; null if it can. For what is no capability, trait or build. */
  readonly lacks?: (host: ContractHost) => string | null
  readonly run: (context: CaseContext) => unknown
}

/** A suite; one that `perWay` is run once for each way of streams. */
export interface ContractSuite {
  readonly name: string
  readonly perWay?: boolean
  readonly cases: readonly ContractCase[]
}

/** How a case ended. `declared`: the host says that it cannot, and why. */
export interface CaseResult {
  readonly suite: string
  readonly way?: string
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'declared'
  /** Of a failure what was thrown, with its stack; of what was declared the reason. */
  readonly detail?: string
}

/** What a host reports, as one JSON text. */
export interface HostReport {
  readonly host: string
  readonly version: string
  readonly capabilities: Capabilities
  readonly results: readonly CaseResult[]
}
