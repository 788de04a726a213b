/**
 * Prints the netstrings of a file. Owns: the command line, the file, what is printed.
 *
 * Run it after a build: node build/js/examples/netstring-reader/main.js
 */
import { closeSync, openSync, readSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BrokenNetstring, readNetstrings } from './read.js'

const USAGE = `Prints the netstrings of a file, one a line: the byte at which it begins, its length, its content.

  node build/js/examples/netstring-reader/main.js [--max-length BYTES] [FILE]

  FILE                a file of netstrings and nothing else; a sample if not given
  --max-length BYTES  refuse longer ones; 99999 if not given
  --help              this text

Ends with status 1 when the file cannot be read or is not made of netstrings, 2 when the command line is wrong.
`

const CHUNK = 65536

/** The file in pieces, each in memory of its own. */
function* chunksOf(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK)
      const length = readSync(file, chunk)
      if (length === 0) return
      yield chunk.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}

/** Text in quotes; what is no UTF-8 in hexadecimal. */
function show(data: Uint8Array): string {
  try {
    return JSON.stringify(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data))
  } catch {
    return `<${Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(' ')}>`
  }
}

function sample(): string {
  const root = import.meta.resolve('whorl/package.json')
  return fileURLToPath(new URL('examples/netstring-reader/sample.netstrings', root))
}

interface Wanted {
  help: boolean
  path: string | undefined
  maxLength: number
}

/** What the command line says. @throws Error, with a message for people */
function readArguments(args: string[]): Wanted {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false }, 'max-length': { type: 'string', default: '99999' } },
  })
  const maxLength = values['max-length'] as string
  if (!/^\d+$/.test(maxLength)) throw new Error(`--max-length takes a number of bytes, not '${maxLength}'`)
  if (positionals.length > 1) throw new Error('one file at a time, please')
  return { help: values.help as boolean, path: positionals[0], maxLength: Number(maxLength) }
}

function complain(message: string, status: number): number {
  process.stderr.write(`netstring-reader: ${message}\n`)
  return status
}

/** @returns the exit status */
function main(args: string[]): number {
  let wanted: Wanted
  try {
    wanted = readArguments(args)
  } catch (error) {
    return complain((error as Error).message.split('\n', 1)[0], 2)
  }
  if (wanted.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const path = wanted.path ?? sample()
  try {
    readNetstrings(chunksOf(path), wanted.maxLength, (at, data) => {
      process.stdout.write(`${at}\t${data.length}\t${show(data)}\n`)
    })
    return 0
  } catch (error) {
    if (error instanceof BrokenNetstring) return complain(`${path}: at byte ${error.at}: ${error.message}`, 1)
    if ((error as { syscall?: string }).syscall !== undefined) return complain((error as Error).message, 1)
    throw error
  }
}

// Whoever reads the output may have seen enough.
process.stdout.on('error', () => process.exit(0))
process.exitCode = main(process.argv.slice(2))
