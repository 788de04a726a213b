/**
 * Commands said that Ctrl-C ends them before they took any: one that came at once killed them.
 */
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { Program } from '../interop/programs.js'

/** Presses Ctrl-C in the moment in which the line is written. */
const PRESS = `
const { write } = process.stderr
process.stderr.write = (line) => {
  const written = write.call(process.stderr, line)
  if (String(line).includes('Ctrl-C ends it')) process.kill(process.pid, 'SIGINT')
  return written
}`

it.each([
  ['echo', 'tcp:0:interface=127.0.0.1'],
  ['forward', 'tcp:0:interface=127.0.0.1', 'tcp:127.0.0.1:9'],
  ['web', tmpdir(), '--listen', 'tcp:0:interface=127.0.0.1'],
])('%s', async (...args) => {
  const program = new Program(process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(PRESS)}`, 'dist/cli.js', ...args])
  const { status } = await program.ended
  expect(program.errorText).toContain('Ctrl-C ends it')
  expect(status).toBe(0)
})
