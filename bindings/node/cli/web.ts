/**
 * `whorl web DIR`: serves a directory over HTTP.
 *
 * Owns: what is printed. Must not know: how files are answered with; that is src/http's File.
 */

import { statSync } from 'node:fs'
import process from 'node:process'
import { parseDuration } from '../../../src/endpoints/grammar.js'
import { serverFromString } from '../../../src/endpoints/index.js'
import { File, serve } from '../../../src/http/index.js'
import type { AccessLogFormat } from '../../../src/http/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'
import { reactor } from '../index.js'
import type { Command } from './command.js'
import { OK, readArguments, say, spell, UsageError } from './command.js'

const USAGE = `Serves the files of a directory over HTTP.

  whorl web [--listen ENDPOINT] [--log FORMAT | --verbose] [--no-listing] [--dotfiles] [--drain TIME] DIR

  DIR                what to serve: index.html stands for its directory, others are listed
  --listen ENDPOINT  where; tcp:8080:interface=127.0.0.1 if not given, which is this machine only
  --verbose          a line for each request, on standard error: the same as --log common
  --log FORMAT       the same as common, combined or json
  --no-listing       list no directories
  --dotfiles         serve names that begin with a dot, too
  --drain TIME       how long responses may take to end after Ctrl-C; 5s if not given. A second Ctrl-C ends them.

Nothing outside of DIR is served, whatever links say; nothing can be written.
`

const FORMATS: readonly unknown[] = ['common', 'combined', 'json']

export const web: Command = {
  summary: 'serve a directory over HTTP',
  usage: USAGE,
  async run(args) {
    const { values, positionals: [folder] } = readArguments(args, ['DIR'], {
      listen: { type: 'string', default: 'tcp:8080:interface=127.0.0.1' },
      verbose: { type: 'boolean', default: false },
      log: { type: 'string' },
      'no-listing': { type: 'boolean', default: false },
      dotfiles: { type: 'boolean', default: false },
      drain: { type: 'string', default: '5s' },
    })
    const drain = parseDuration(String(values['drain']))
    if (drain === null) throw new UsageError(`--drain takes a duration such as 5s, not "${values['drain']}"`)
    const format = values['log'] ?? (values['verbose'] === true ? 'common' : null)
    if (format !== null && !FORMATS.includes(format)) {
      throw new UsageError(`--log takes common, combined or json, not "${format}"`)
    }
    const listen = String(values['listen'])
    const endpoint = serverFromString(reactor, listen)
    if (!statSync(folder!).isDirectory()) throw new Error(`${folder} is no directory`)
    const files = new File(folder!, { listing: values['no-listing'] !== true, dotfiles: values['dotfiles'] === true })
    const port = await serve(reactor, endpoint, files, format === null ? {} : {
      accessLog: { format: format as AccessLogFormat, to: (line) => { process.stderr.write(line) } },
    })
    const address = addressOf(port.getHost(), /^(?:tls|ssl)\d?:/.test(listen))
    // Before it runs, nobody takes a Ctrl-C.
    reactor.callWhenRunning(say, `serving ${folder} at ${address}; Ctrl-C ends it`)
    reactor.addSystemEventTrigger('before', 'shutdown', () => port.drain(drain))
    await reactor.run()
    return OK
  },
}

/** What a browser takes, where one could. */
function addressOf(address: IAddress, isSecure: boolean): string {
  if (!('host' in address)) return spell(address)
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host
  return `${isSecure ? 'https' : 'http'}://${spell({ ...address, host } as IAddress)}/`
}
