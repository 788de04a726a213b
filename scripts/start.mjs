/**
 * `npm start`: does its own set-up, then runs the switchboard in this same process with the arguments given.
 *
 * The npm script says `exec`, so that there is no shell in between that would die of a signal and leave this orphaned.
 */
import { pathToFileURL } from 'node:url'
import { at, fail } from './lib.mjs'
import { setup } from './setup.mjs'

/** Ctrl-C reaches this process twice, from the terminal and forwarded by npm; a second one this soon is the same. */
const SAME_SIGNAL_MS = 250

try {
  await setup()
  hearSignalsOnce()
  const program = at('build/js/examples/switchboard/main.js')
  process.argv[1] = program
  await import(pathToFileURL(program).href)
} catch (error) {
  fail(error)
}

function hearSignalsOnce() {
  const emit = process.emit
  let last = -Infinity
  process.emit = function (event, ...args) {
    if (event === 'SIGINT' || event === 'SIGTERM') {
      const now = performance.now()
      if (now - last < SAME_SIGNAL_MS) return true
      last = now
    }
    return Reflect.apply(emit, this, [event, ...args])
  }
}
