/**
 * `npm start`: does its own set-up, then runs the switchboard in this same process (so that signals reach it)
 * with the arguments given.
 */
import { pathToFileURL } from 'node:url'
import { at, fail } from './lib.mjs'
import { setup } from './setup.mjs'

try {
  await setup()
  const program = at('build/js/examples/switchboard/main.js')
  process.argv[1] = program
  await import(pathToFileURL(program).href)
} catch (error) {
  fail(error)
}
