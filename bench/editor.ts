/**
 * What a long chain costs an editor: a generated file with one chain of n calls, checked by tsc, which tells the time
 * and the memory itself (`--extendedDiagnostics`). Bench programs only.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Measured, Side } from './model.js'

const declarations = fileURLToPath(new URL('../src/defer/index.js', import.meta.url))
const folder = fileURLToPath(new URL('../editor/', import.meta.url))

/** Each call changes the type, and the inferred type of the end is used. */
function chain(begin: string, method: string, calls: number, wrap: (value: string) => string): string {
  const lines = [`${begin}`]
  for (let i = 0; i < calls; i++) {
    const value = i % 3 === 0 ? 'String(x)' : i % 3 === 1 ? wrap('[x]') : '({ x: x.length })'
    lines.push(`  .${method}((x) => ${value})`)
  }
  return `export const end = ${lines.join('\n')}\n`
}

function files(calls: number): Record<string, string> {
  return {
    'deferred.ts': `import { succeed } from '${declarations}'\n${chain('succeed(1)', 'addCallback', calls,
      (value) => `succeed(${value})`)}`,
    'promise.ts': chain('Promise.resolve(1)', 'then', calls, (value) => `Promise.resolve(${value})`),
  }
}

/** A side that has one of the two files checked. */
export function editorSide(name: string, role: Side['role'], file: 'deferred.ts' | 'promise.ts'): Side {
  return {
    name, role, warmups: 0, maxRounds: 3,
    start(n) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, file), files(n)[file]!)
      const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
      const project = join(folder, `${file.replace(/\.ts$/, '')}.json`)
      const compilerOptions = {
        noEmit: true, strict: true, target: 'es2022', module: 'nodenext', skipLibCheck: true, types: [],
      }
      writeFileSync(project, JSON.stringify({ compilerOptions, files: [file] }))
      return {
        run(): Measured {
          const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', project, '--extendedDiagnostics'],
            { encoding: 'utf8' })
          if (status !== 0) throw new Error(`tsc: ${stdout.slice(0, 500)}`)
          const figure = (what: string): number => Number(new RegExp(`^${what}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1])
          return { check: n, totals: { wall: figure('Check time') * 1e9, heap: figure('Memory used') * 1024 } }
        },
      }
    },
  }
}
