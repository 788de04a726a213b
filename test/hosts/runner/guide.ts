/**
 * What launchers try besides the suites: a program of a guide, and what a program prints.
 *
 * Must not know: hosts.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CaseResult } from '../../contract/contract.js'

/** A case that passes if a program printed just this. */
export async function checkOutput(
  suite: string, name: string, expected: string, said: Promise<string>): Promise<CaseResult> {
  const text = await said.catch((error: unknown) => String(error))
  return { suite, name, ...text === expected ? { outcome: 'passed' } : { outcome: 'failed', detail: text } }
}

/** The first program of docs/guide/<guide>.md, in a folder that has the package. @returns its file */
export function guideProgram(root: string, scratch: string, guide: string): string {
  const folder = join(scratch, 'guide')
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  // Without one, hosts look for packages elsewhere.
  writeFileSync(join(folder, 'package.json'), '{}')
  symlinkSync(root, join(folder, 'node_modules/whorl'))
  const [, text] = /```ts\n(.*?)```/s.exec(readFileSync(join(root, `docs/guide/${guide}.md`), 'utf8')) ?? []
  if (text === undefined) throw new Error(`docs/guide/${guide}.md has no program`)
  const program = join(folder, 'program.ts')
  writeFileSync(program, text)
  return program
}
