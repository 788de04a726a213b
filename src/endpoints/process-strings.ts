/**
 * The endpoint strings for what a program has at hand: other programs, its own standard input and output, and
 * descriptors that it was started with.
 *
 *   client   process:<executable>[:<argument>]…[:cwd=<folder>][:env=inherit|empty][:stderr=log|drop]
 *   both     stdio:
 *   server   fd:<number>[:family=IPv4|IPv6|UNIX]   a listening socket
 *   client   fd:<number>                           a connected one
 *
 * Owns: their fields. Must not know: hosts.
 * Source: API page; Twisted has `stdio:` and, for descriptors, `systemd:`.
 */
import type {
  IReactorProcess, IReactorSocket, IStreamClientEndpoint, IStreamServerEndpoint,
} from '../interfaces/index.js'
import { AdoptedStreamClientEndpoint, AdoptedStreamServerEndpoint } from './adopted.js'
import { EndpointFields, given } from './fields.js'
import { ProcessEndpoint } from './process.js'
import { StandardIOEndpoint } from './stdio.js'

const PROCESS_GRAMMAR =
  'process:<executable>[:<argument>]…[:cwd=<folder>][:env=inherit|empty][:stderr=log|drop], = in an argument escaped'

const processParser = {
  client(reactor: IReactorProcess, args: string[], options: Record<string, string>): IStreamClientEndpoint {
    // All fields without a key are the program's, but for the first.
    const own = options['executable'] === undefined ? 1 : 0
    const fields = new EndpointFields(PROCESS_GRAMMAR, ['executable'], ['cwd', 'env', 'stderr'], args.slice(0, own),
      options)
    const errors = fields.word('stderr', ['log', 'drop'])
    const env = fields.word('env', ['inherit', 'empty']) ?? 'inherit'
    return new ProcessEndpoint(reactor, fields.required('executable'), args.slice(own), {
      env: env === 'inherit' ? null : {},
      ...given('cwd', fields.optional('cwd')),
      ...given('errors', errors),
    })
  },
}

const stdio = {
  server(reactor: object, args: string[], options: Record<string, string>): IStreamServerEndpoint {
    return stdioEndpoint(reactor, args, options)
  },

  client(reactor: object, args: string[], options: Record<string, string>): IStreamClientEndpoint {
    return stdioEndpoint(reactor, args, options)
  },
}

function stdioEndpoint(
  reactor: object, args: string[], options: Record<string, string>): StandardIOEndpoint {
  // `stdio:` has one field, which is empty.
  const given = args.length === 1 && args[0] === '' ? [] : args
  new EndpointFields('stdio:', [], [], given, options)
  return new StandardIOEndpoint(reactor)
}

const fd = {
  server(reactor: IReactorSocket, args: string[], options: Record<string, string>): IStreamServerEndpoint {
    const fields = new EndpointFields('fd:<number of a descriptor>[:family=IPv4|IPv6|UNIX]', ['descriptor'], ['family'],
      args, options)
    return new AdoptedStreamServerEndpoint(reactor, descriptor(fields), fields.word('family', ['IPv4', 'IPv6', 'UNIX']))
  },

  client(reactor: IReactorSocket, args: string[], options: Record<string, string>): IStreamClientEndpoint {
    const fields = new EndpointFields('fd:<number of a descriptor>', ['descriptor'], [], args, options)
    return new AdoptedStreamClientEndpoint(reactor, descriptor(fields))
  },
}

function descriptor(fields: EndpointFields): number {
  fields.required('descriptor')
  return fields.integer('descriptor')!
}

export const processStrings = { process: processParser, stdio, fd }
