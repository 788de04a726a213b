/**
 * What the commands of `whorl` have in common: arguments, messages, exit statuses.
 *
 * Owns: the mapping from errors to one line and a status. Must not know: any command.
 */

import process from 'node:process'
import { parseArgs } from 'node:util'
import type { ParseArgsConfig } from 'node:util'
import { WhorlError } from '../../../src/errors/index.js'
import type { IAddress } from '../../../src/interfaces/index.js'

/** Everything went well. */
export const OK = 0
/** Something could not be opened, or broke. */
export const FAILED = 1
/** The command line makes no sense. */
export const MISUSED = 2

/** One of the commands. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  readonly usage: string
  /** @param args what follows the command's name @returns the exit status */
  run(args: string[]): Promise<number>
}

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The values of a command line. */
export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly positionals: readonly string[]
}

/** @param names of the positional arguments, all needed @throws UsageError */
export function readArguments(
  args: string[], names: readonly string[], options: NonNullable<ParseArgsConfig['options']> = {}): Arguments {
  let parsed: Arguments
  try {
    parsed = parseArgs({ args, options, allowPositionals: true }) as Arguments
  } catch (error) {
    throw new UsageError((error as Error).message.split(/\.? *\n|\. /, 1)[0] ?? '')
  }
  const { positionals } = parsed
  if (positionals.length < names.length) throw new UsageError(`${names[positionals.length]} is missing`)
  if (positionals.length > names.length) throw new UsageError(`"${positionals[names.length]}" is one argument too many`)
  return parsed
}

/** Tells of an error in one line. @returns the exit status */
export function complain(error: unknown): number {
  const isMisuse = error instanceof UsageError || (error as { code?: unknown }).code === 'ERR_ENDPOINT_SYNTAX'
  say(`whorl: ${describe(error)}`)
  return isMisuse ? MISUSED : FAILED
}

/** An error and why, in one line. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  const why = error instanceof WhorlError && cause instanceof Error && !error.message.includes(cause.message)
    ? ` (${cause.message})`
    : ''
  return `${error.message}${why}`.replace(/\s*\n\s*/g, ' ')
}

/** One line for people, on standard error: standard output is for data. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** An address as people write it. */
export function spell(address: IAddress): string {
  switch (address.family) {
    case 'IPv4': return `${address.host}:${address.port}`
    case 'IPv6': return `[${address.host}]:${address.port}`
    case 'hostname': return `${address.host}:${address.port}`
    case 'UNIX': return address.path === null ? 'a UNIX socket' : address.path.replace(/^\0/, '@')
    case 'process': return `process ${address.pid}`
    default: return address.name
  }
}
