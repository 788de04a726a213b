/**
 * Runs inside Deno without any permission: asks for what needs one, and prints what came of it, one line each.
 */
import { connectProtocol, createReactor, Factory, Protocol, TCP4ClientEndpoint, TCP4ServerEndpoint } from 'whorl'
import type { Reactor } from 'whorl'

/** Names of the error, and whether it says which flag is missing. */
function described(error: unknown): string {
  const { name, message } = error as Error
  return `${name}${/--allow-(?:net|read)/.test(message) ? ', names the flag' : ''}`
}

async function main(reactor: Reactor): Promise<void> {
  const asked: [string, () => PromiseLike<unknown>][] = [
    ['listen', () => new TCP4ServerEndpoint(reactor, 0).listen(Factory.forProtocol(Protocol))],
    ['connect', () => connectProtocol(new TCP4ClientEndpoint(reactor, '127.0.0.1', 1), new Protocol())],
    ['resolve', () => reactor.nameResolver.resolve('example.com')],
    ['read', () => reactor.readFile('/etc/hostname')],
  ]
  for (const [what, ask] of asked) {
    const came = await ask().then(() => 'was not denied', described)
    console.log(`${what}: ${came}`)
  }
}

const reactor = createReactor()
reactor.callWhenRunning(() => void main(reactor).then(() => reactor.stop()))
void reactor.run()
