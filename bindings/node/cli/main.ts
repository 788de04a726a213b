/**
 * The command `whorl`: finds the command that is asked for.
 *
 * Owns: the list of commands, and the exit status. Must not know: what they do.
 */

import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Command } from './command.js'
import { complain, OK, UsageError } from './command.js'
import { connect } from './connect.js'
import { echo } from './echo.js'
import { forward } from './forward.js'
import { get } from './get.js'
import { relay } from './relay.js'
import { trace } from './trace.js'
import { web } from './web.js'

const COMMANDS: Readonly<Record<string, Command>> = { forward, connect, echo, web, get, relay, trace }

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length))
  return [
    'whorl COMMAND [ARGUMENTS]', '',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`), '',
    'whorl COMMAND --help tells more. Exit status: 0 when all went well, 1 when something could not be opened or broke,',
    '2 when the command line makes no sense.', '',
  ].join('\n')
}

/** @param args of the command line @returns the exit status */
export async function main([name, ...args]: string[]): Promise<number> {
  // Whoever reads only the first lines of what is printed, as `head` does, has seen enough.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage())
    return OK
  }
  if (name === '--version') {
    process.stdout.write(`${version()}\n`)
    return OK
  }
  try {
    if (name === undefined) throw new UsageError('which command? whorl --help lists them')
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (command === undefined) throw new UsageError(`there is no command "${name}"; whorl --help lists them`)
    if (args.includes('--help') || args.includes('-h')) {
      process.stdout.write(command.usage)
      return OK
    }
    return await command.run(args)
  } catch (error) {
    return complain(error)
  }
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as
    { version: string }
  return text
}
