/**
 * The switchboard: an echo port, a chat room, and a web page for it in one process. Owns: the command line, what is
 * printed, and the order in which things open and close. Must not know: what is said on any connection.
 *
 * Everything comes from `whorl`, but for the two things that only a program has: arguments and a terminal.
 */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CannotListenError, EndpointSyntaxError, gatherResults, reactor, serverFromString } from 'whorl'
import type { IAddress, IListeningPort } from 'whorl'
import { ChatFactory } from './chat-protocol.js'
import { EchoFactory } from './echo.js'
import { CLOSING_TIME, CONNECTIONS_PER_PEER, WEB_CONNECTIONS_PER_PEER } from './limits.js'
import { LiveFeed } from './live.js'
import { PerPeerLimit } from './per-peer.js'
import { Room } from './room.js'
import { Traffic } from './traffic.js'
import { KnownHosts, Web, webRefusal } from './web.js'

const USAGE = `An echo server and a chat room, and a web page with both.

  npm start -- [--echo ENDPOINT] [--chat ENDPOINT] [--web ENDPOINT] [--name NAME]…

  --echo ENDPOINT  where to echo; tcp:8007:interface=127.0.0.1 if not given
  --chat ENDPOINT  where to chat; tcp:8023:interface=127.0.0.1 if not given
  --web ENDPOINT   where the page is; tcp:8080:interface=127.0.0.1 if not given
  --name NAME      a name of this machine by which browsers may ask for the page, beside localhost and its addresses
  --help           this text

An ENDPOINT is tcp:PORT or tcp6:PORT, on every address of this machine, or with :interface=ADDRESS on that one.
Port 0 is any free port; the one that was chosen is printed.
`

/** The page's files: beside this file, or beside its source. */
const FOLDER = ['web/', '../../../../examples/switchboard/web/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path)) ?? 'web'

/** What the command line says. */
interface Wanted {
  echo: string
  chat: string
  web: string
  name: string[]
  help: boolean
}

/** One port of the switchboard. */
interface Service {
  name: string
  port: IListeningPort
  /** What to type, or to open. */
  hint: (host: string, port: number) => string
  /** Asks those who are connected to go. */
  hangUp: () => void
}

/** @throws the errors of `parseArgs` */
function readArguments(args: string[]): Wanted {
  const { values } = parseArgs({
    args,
    options: {
      echo: { type: 'string', default: 'tcp:8007:interface=127.0.0.1' },
      chat: { type: 'string', default: 'tcp:8023:interface=127.0.0.1' },
      web: { type: 'string', default: 'tcp:8080:interface=127.0.0.1' },
      name: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  })
  return values as Wanted
}

/** Opens all ports or, when one cannot be opened, none. */
async function open(wanted: Wanted, room: Room): Promise<Service[]> {
  const traffic = new Traffic()
  const feed = new LiveFeed(reactor, traffic)
  const web = new Web({ reactor, room, feed, folder: FOLDER, hosts: new KnownHosts(wanted.name) })
  const scheme = /^(?:tls|ssl)\d?:/.test(wanted.web) ? 'https' : 'http'
  const netcat = (host: string, port: number): string => `type: nc ${host} ${port}`
  const plan = [
    {
      name: 'echo', endpoint: serverFromString(reactor, wanted.echo), hint: netcat,
      factory: new PerPeerLimit(new EchoFactory(reactor), CONNECTIONS_PER_PEER, traffic),
    }, {
      name: 'chat', endpoint: serverFromString(reactor, wanted.chat), hint: netcat,
      factory: new PerPeerLimit(new ChatFactory(room, reactor), CONNECTIONS_PER_PEER, traffic),
    }, {
      name: 'web', endpoint: serverFromString(reactor, wanted.web),
      hint: (host: string, port: number) => `open: ${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/`,
      factory: new PerPeerLimit(web.site, WEB_CONNECTIONS_PER_PEER, traffic, webRefusal(WEB_CONNECTIONS_PER_PEER)),
      hangUp: () => web.hangUp(),
    },
  ]
  const services: Service[] = []
  try {
    for (const { name, endpoint, hint, factory, hangUp } of plan) {
      const port = await endpoint.listen(factory)
      services.push({ name, port, hint, hangUp: hangUp ?? (() => loseAll(factory)) })
      if (name === 'chat') feed.chat = reachable(port.getHost()).join(' ')
    }
  } catch (error) {
    for (const { port } of services) await port.stopListening()
    throw error
  }
  return services
}

function loseAll(factory: PerPeerLimit): void {
  for (const connection of factory.protocols) connection.loseConnection()
}

/** Takes no more connections, and lets those there are go once they have been sent what was written to them. */
function close(services: Service[], room: Room): PromiseLike<unknown> {
  print('The switchboard is closing.')
  room.announce('* The switchboard is closing. Goodbye.')
  return gatherResults(services.map(({ port, hangUp }) => {
    hangUp()
    return port.drain(CLOSING_TIME)
  }))
}

function announce(services: Service[]): void {
  print('The switchboard is open; Ctrl-C closes it.')
  for (const { name, port, hint } of services) {
    const { host, port: number } = port.getHost() as IAddress & { host: string, port: number }
    print(`  ${name} on ${host} port ${number}; ${hint(...reachable(port.getHost()))}`)
  }
}

/** Where somebody on this machine reaches an address that may stand for all of them. */
function reachable(address: IAddress): [host: string, port: number] {
  const { host, port } = address as IAddress & { host: string, port: number }
  return [host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port]
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Is it the command line that is wrong? */
function isMisuse(error: unknown): error is Error {
  const { code } = error as { code?: string }
  return error instanceof EndpointSyntaxError || (code?.startsWith('ERR_PARSE_ARGS_') ?? false)
}

/** One line, whatever the message: `parseArgs` gives advice behind its first sentence. */
function complain(error: Error, status: number): number {
  process.stderr.write(`switchboard: ${error.message.split(/\.? *\n|\. /, 1)[0]}\n`)
  return status
}

/** @returns the exit status: 0, 1 for a port that cannot be opened, 2 for a command line that cannot be understood */
async function main(args: string[]): Promise<number> {
  const room = new Room()
  let services: Service[]
  try {
    const wanted = readArguments(args)
    if (wanted.help) {
      process.stdout.write(USAGE)
      return 0
    }
    services = await open(wanted, room)
  } catch (error) {
    if (isMisuse(error)) return complain(error, 2)
    if (error instanceof CannotListenError) return complain(error, 1)
    throw error
  }
  reactor.addSystemEventTrigger('before', 'shutdown', close, services, room)
  reactor.callWhenRunning(announce, services)
  await reactor.run()
  return 0
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
