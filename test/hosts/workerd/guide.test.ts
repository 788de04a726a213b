/** The guide to workerd prints the worker that test/hosts/workerd/own.ts talks to. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { root } from '../../interop/programs.js'

it('docs/guide/workerd.md prints its worker as it is', () => {
  const [, code] = /```ts\n([^]*?)```/.exec(readFileSync(`${root}docs/guide/workerd.md`, 'utf8'))!
  const file = readFileSync(`${root}examples/snippets/workerd-chat.ts`, 'utf8')
  expect(file.replace(/^\/\*\*.*\*\/\n/, '')).toBe(code)
})
