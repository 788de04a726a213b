/**
 * Names to addresses, by the host's own resolver or by one that is installed.
 *
 * Source: RFC 6761 (localhost, invalid); twisted.internet.interfaces.IHostnameResolver.
 */
import {
  CancelledError, connectProtocol, DNSLookupError, HostnameEndpoint, NotSupportedError, StaticResolver,
} from 'whorl'
import { equal, isA, latin1, ok, rejects, throws } from './checks.js'
import type { ContractSuite } from './contract.js'
import { bytesOf, connectBy, Recorder } from './recorder.js'

const LOOPBACK = ['127.0.0.1', '::1']

export const resolver: ContractSuite = {
  name: 'resolver',
  cases: [
    {
      name: 'localhost is this machine',
      needs: ['resolver'],
      async run({ reactor }) {
        const found = await reactor.nameResolver.resolve('localhost') as { host: string }[]
        ok(found.length > 0, 'there is an address')
        for (const { host } of found) ok(LOOPBACK.includes(host), host)
      },
    },
    {
      name: 'one family only, if asked',
      needs: ['resolver'],
      async run({ reactor }) {
        const found = await reactor.nameResolver.resolve('localhost', { family: 4 }) as { host: string }[]
        for (const { host } of found) equal(host, '127.0.0.1')
        ok(found.length > 0, 'there is an address')
      },
    },
    {
      name: 'a literal address is itself',
      needs: ['resolver'],
      async run({ reactor }) {
        const [found] = await reactor.nameResolver.resolve('192.0.2.7') as { host: string }[]
        equal(found?.host, '192.0.2.7')
      },
    },
    {
      name: 'a name that cannot be: DNSLookupError',
      needs: ['resolver'],
      async run({ reactor }) {
        await rejects(reactor.nameResolver.resolve('no-such-name.invalid'), DNSLookupError)
      },
    },
    {
      name: 'cancelled: CancelledError, at once',
      needs: ['resolver'],
      async run({ reactor }) {
        const deferred = reactor.nameResolver.resolve('no-such-name.invalid')
        deferred.cancel()
        await rejects(deferred, CancelledError)
      },
    },
    {
      name: 'connecting to a name uses it; to one that cannot be fails with DNSLookupError',
      needs: ['resolver', 'tcp.connect'],
      async run(context) {
        const { ports } = context.host.lab
        const protocol = await connectBy(context, new HostnameEndpoint(context.reactor, 'localhost', ports.greet),
          new Recorder())
        equal(latin1(await bytesOf(context, protocol, 7)), 'hello\r\n')
        await rejects(connectProtocol(new HostnameEndpoint(context.reactor, 'no-such-name.invalid', 1), new Recorder()),
          DNSLookupError)
      },
    },
    {
      name: 'an installed resolver takes its place',
      needs: ['tcp.connect'],
      async run(context) {
        const { reactor } = context
        const asked: string[] = []
        const table = new StaticResolver({ 'lab.example': [context.host.lab.host] })
        reactor.installNameResolver({
          resolve(name, options) {
            asked.push(name)
            return table.resolve(name, options)
          },
        })
        const endpoint = new HostnameEndpoint(reactor, 'lab.example', context.host.lab.ports.greet)
        const protocol = await connectBy(context, endpoint, new Recorder())
        equal(latin1(await bytesOf(context, protocol, 7)), 'hello\r\n')
        equal(asked, ['lab.example'])
        isA(await rejects(reactor.nameResolver.resolve('other.example'), DNSLookupError), DNSLookupError)
      },
    },
    {
      name: 'what is no resolver is not installed',
      run({ host, reactor }) {
        throws(() => reactor.installNameResolver({} as never), TypeError)
        if (host.capabilities.resolver === true) ok(typeof reactor.nameResolver.resolve === 'function', 'still there')
        else throws(() => reactor.nameResolver, NotSupportedError)
      },
    },
  ],
}
