/**
 * The switchboard: an echo port and a chat room in one process. Owns: the command line, what is printed, and the order
 * in which things open and close. Must not know: what is said on any connection.
 *
 * Everything comes from `whorl`, but for the two things that only a program has: arguments and a terminal.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { CannotListenError, EndpointSyntaxError, gatherResults, reactor, serverFromString } from 'whorl'
import type { IAddress, IListeningPort } from 'whorl'
import { ChatFactory } from './chat-protocol.js'
import { EchoFactory } from './echo.js'
import { CLOSING_TIME, CONNECTIONS_PER_PEER } from './limits.js'
import { PerPeerLimit } from './per-peer.js'
import { Room } from './room.js'

const USAGE = `An echo server and a chat room.

  npm start -- [--echo ENDPOINT] [--chat ENDPOINT]

  --echo ENDPOINT  where to echo; tcp:8007:interface=127.0.0.1 if not given
  --chat ENDPOINT  where to chat; tcp:8023:interface=127.0.0.1 if not given
  --help           this text

An ENDPOINT is tcp:PORT or tcp6:PORT, on every address of this machine, or with :interface=ADDRESS on that one.
Port 0 is any free port; the one that was chosen is printed.
`

/** One port of the switchboard. */
interface Service {
  name: string
  factory: PerPeerLimit
  port: IListeningPort
}

/** What the command line says. @throws the errors of `parseArgs` */
function readArguments(args: string[]): { echo: string, chat: string, help: boolean } {
  const { values } = parseArgs({
    args,
    options: {
      echo: { type: 'string', default: 'tcp:8007:interface=127.0.0.1' },
      chat: { type: 'string', default: 'tcp:8023:interface=127.0.0.1' },
      help: { type: 'boolean', default: false },
    },
  })
  return values as { echo: string, chat: string, help: boolean }
}

/** Opens both ports or, when one cannot be opened, neither. */
async function open(wanted: { echo: string, chat: string }, room: Room): Promise<Service[]> {
  const plan = [
    { name: 'echo', endpoint: serverFromString(reactor, wanted.echo), factory: new EchoFactory(reactor) },
    { name: 'chat', endpoint: serverFromString(reactor, wanted.chat), factory: new ChatFactory(room, reactor) },
  ]
  const services: Service[] = []
  try {
    for (const { name, endpoint, factory } of plan) {
      const limited = new PerPeerLimit(factory, CONNECTIONS_PER_PEER)
      services.push({ name, factory: limited, port: await endpoint.listen(limited) })
    }
  } catch (error) {
    for (const { port } of services) await port.stopListening()
    throw error
  }
  return services
}

/** Takes no more connections, and lets those there are go once they have been sent what was written to them. */
function close(services: Service[], room: Room): PromiseLike<unknown> {
  print('The switchboard is closing.')
  room.announce('* The switchboard is closing. Goodbye.')
  return gatherResults(services.map(({ factory, port }) => {
    for (const connection of factory.protocols) connection.loseConnection()
    return port.drain(CLOSING_TIME)
  }))
}

function announce(services: Service[]): void {
  print('The switchboard is open; Ctrl-C closes it.')
  for (const { name, port } of services) {
    const [host, number] = hostAndPort(port.getHost())
    const from = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
    print(`  ${name} on ${host} port ${number}; type: nc ${from} ${number}`)
  }
}

function hostAndPort(address: IAddress): [host: string, port: number] {
  const { host, port } = address as IAddress & { host: string, port: number }
  return [host, port]
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
