/**
 * What `spawnProcess` was asked, checked before a host hears of it.
 *
 * Owns: defaults, and what is wrong with arguments anywhere. Must not know: hosts.
 */

import type { ChildFD, SpawnOptions } from '../interfaces/reactor-process.js'
import type { SpawnRequest } from '../interfaces/process-host.js'

const STANDARD: Readonly<Record<number, ChildFD>> = { 0: 'w', 1: 'r', 2: 'r' }

/** Higher numbers would only make the host's table of them long. */
const MOST_FD = 1023

/** @throws TypeError, RangeError @internal */
export function spawnRequest(executable: string, args: readonly string[], options: SpawnOptions): SpawnRequest {
  const { env = {}, cwd, childFDs = STANDARD } = options
  checkText('the name of a program', executable)
  if (executable === '') throw new RangeError('the name of a program is empty')
  if (!Array.isArray(args)) throw new TypeError('the arguments of a program are an array of texts')
  for (const argument of args) checkText('an argument of a program', argument)
  if (cwd !== undefined) checkText('a working directory', cwd)
  return { executable, args: [...args], env: env === null ? null : checkEnv(env), cwd, fds: checkFDs(childFDs) }
}

function checkEnv(env: Record<string, string>): Record<string, string> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    checkText('the name of a variable', name)
    if (name === '' || name.includes('=')) throw new RangeError(`'${name}' cannot be the name of a variable`)
    checkText(`the variable ${name}`, value)
    checked[name] = value
  }
  return checked
}

function checkFDs(childFDs: Record<number, ChildFD>): Map<number, ChildFD> {
  const fds = new Map<number, ChildFD>()
  for (const [key, what] of Object.entries(childFDs)) {
    const fd = Number(key)
    if (!/^\d+$/.test(key) || fd > MOST_FD) {
      throw new RangeError(`a descriptor of a child is a whole number from 0 to ${MOST_FD}, not ${key}`)
    }
    if (what !== 'r' && what !== 'w' && !(Number.isInteger(what) && what >= 0)) {
      throw new TypeError(`descriptor ${key} of a child is 'r', 'w' or a number, not ${String(what)}`)
    }
    fds.set(fd, what)
  }
  return fds
}

function checkText(what: string, value: unknown): void {
  if (typeof value !== 'string') throw new TypeError(`${what} is text, not ${String(value)}`)
  if (value.includes('\0')) throw new RangeError(`${what} contains a NUL`)
}

/** `KILL` → `SIGKILL`; what is no name of a signal is for the host to refuse. @throws TypeError @internal */
export function signalName(signal: string | number): string | number {
  if (typeof signal === 'number') {
    if (!Number.isInteger(signal) || signal < 0) throw new TypeError(`a signal is a name or a number, not ${signal}`)
    return signal
  }
  if (typeof signal !== 'string' || signal === '') {
    throw new TypeError(`a signal is a name or a number, not ${String(signal)}`)
  }
  const name = signal.toUpperCase()
  return name.startsWith('SIG') ? name : `SIG${name}`
}
