/**
 * The endpoint strings `unix:`, for both sides.
 *
 *   server   unix:<path>[:mode=<octal>][:backlog=<n>][:lockfile=yes|no]
 *   client   unix:<path>[:timeout=<duration>][:lockfile=yes|no]
 *   both     unix:abstract=<name>…                                        a name of Linux that is no file
 *
 * Owns: their fields. Must not know: UNIX sockets. Source: the page of exact behaviour, E09, E13;
 * twisted.internet.endpoints, whose default it is that a server guards its path with a lock file.
 */
import type { IReactorUNIX, IStreamClientEndpoint, IStreamServerEndpoint } from '../interfaces/index.js'
import { EndpointFields, given } from './fields.js'
import { UNIXClientEndpoint, UNIXServerEndpoint } from './unix.js'

const SERVER_GRAMMAR = 'unix:<path>[:mode=<octal>][:backlog=<n>][:lockfile=yes|no], or abstract=<name> for the path'
const CLIENT_GRAMMAR = 'unix:<path>[:timeout=<duration>][:lockfile=yes|no], or abstract=<name> for the path'

export const unix = {
  server(reactor: IReactorUNIX, args: string[], options: Record<string, string>): IStreamServerEndpoint {
    const fields = new EndpointFields(SERVER_GRAMMAR, ['path'], ['mode', 'backlog', 'lockfile', 'abstract'], args,
      options)
    const path = pathOf(fields)
    // There is nothing to guard where nothing is left behind.
    const wantPID = (fields.flag('lockfile') ?? true) && !path.startsWith('\0')
    return new UNIXServerEndpoint(reactor, path, {
      wantPID, ...given('mode', fields.mode('mode')), ...given('backlog', fields.integer('backlog')),
    })
  },

  client(reactor: IReactorUNIX, args: string[], options: Record<string, string>): IStreamClientEndpoint {
    const fields = new EndpointFields(CLIENT_GRAMMAR, ['path'], ['timeout', 'lockfile', 'abstract'], args, options)
    return new UNIXClientEndpoint(reactor, pathOf(fields), {
      ...given('timeout', fields.duration('timeout')), ...given('checkPID', fields.flag('lockfile')),
    })
  },
}

function pathOf(fields: EndpointFields): string {
  const name = fields.optional('abstract')
  if (name === undefined) return fields.required('path')
  if (fields.text('path') !== undefined) throw fields.error('abstract', 'stands in the place of a path')
  return `\0${name}`
}
