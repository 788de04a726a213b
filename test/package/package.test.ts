/**
 * The package as its users get it: what is exported, what is in it, and that each subpath gives the same classes.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { root, textOf } from '../arch/files.js'

const manifest = JSON.parse(textOf('package.json')) as {
  exports: Record<string, unknown>
  dependencies?: unknown
  devDependencies: Record<string, string>
  sideEffects: boolean
}

/** Every file that `exports` names, whatever the conditions. */
function targetsOf(entry: unknown): string[] {
  return typeof entry === 'string' ? [entry] : Object.values(entry as object).flatMap(targetsOf)
}

/** What a program prints that imports the built package by its name. */
function run(program: string, ...flags: string[]): unknown {
  const output = execFileSync(process.execPath, [...flags, '-e', program], { cwd: root, encoding: 'utf8' })
  return JSON.parse(output)
}

beforeAll(() => build(), 300_000)

describe('package.json', () => {
  it('names only files that exist', () => {
    const targets = Object.values(manifest.exports).flatMap(targetsOf)
    expect(targets.length).toBeGreaterThan(8)
    expect(targets.filter((target) => !existsSync(`${root}/${target}`))).toEqual([])
  })

  it('gives each subpath its types first', () => {
    const visit = (entry: unknown): void => {
      if (typeof entry !== 'object' || entry === null) return
      const keys = Object.keys(entry)
      if (keys.includes('default')) expect(keys.indexOf('types')).toBe(keys.indexOf('default') - 1)
      Object.values(entry).forEach(visit)
    }
    for (const entry of Object.values(manifest.exports)) visit(entry)
  })

  it('makes its users install nothing else', () => {
    expect(manifest.dependencies).toBeUndefined()
    expect(manifest.sideEffects).toBe(false)
  })

  it('pins what it is built with', () => {
    for (const [name, version] of Object.entries(manifest.devDependencies)) {
      expect(`${name}@${version}`).toMatch(/@\d+\.\d+\.\d+$/)
    }
    const lock = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, { resolved?: string }> }
    expect(Object.values(lock.packages).filter((one) => one.resolved !== undefined)).toEqual([])
  })
})

describe('package-lock.json', () => {
  interface Locked {
    version: string
    optionalDependencies?: Record<string, string>
  }
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, Locked> }

  // npm ci refuses a lockfile that lacks one of another platform, and a registry without it makes npm leave it out.
  it('has the packages of every platform', () => {
    const missing = Object.values(packages)
      .flatMap((one) => Object.keys(one.optionalDependencies ?? {}))
      .filter((name) => packages[`node_modules/${name}`] === undefined)
    expect(missing).toEqual([])
  })
})

describe('the built package', () => {
  it('has the same classes through every subpath', () => {
    expect(run(`
      import * as whorl from 'whorl'
      import * as node from 'whorl/node'
      import * as testing from 'whorl/testing'
      import * as core from 'whorl/core'
      import * as sockets from 'whorl/socket'
      import { instantiatePlain } from 'whorl/core/plain'
      console.log(JSON.stringify([
        whorl.reactor === node.reactor,
        whorl.Clock === testing.Clock,
        new testing.MemoryReactor() instanceof whorl.Clock,
        whorl.CoreError === core.CoreError,
        typeof core.createCore({ instantiate: instantiatePlain }).timers.schedule,
      ]))`, '--input-type=module')).toEqual([true, true, true, true, 'function'])
  })

  it('can be required, and is the same then', () => {
    expect(run(`
      const { Deferred, reactor } = require('whorl')
      import('whorl').then((whorl) => console.log(JSON.stringify([
        whorl.Deferred === Deferred, whorl.reactor === reactor,
      ])))`, '--no-warnings')).toEqual([true, true])
  })

  it('leaves nothing behind when it is only imported', () => {
    expect(run(`
      import * as whorl from 'whorl'
      import 'whorl/testing'
      import 'whorl/core'
      const opened = process.getActiveResourcesInfo()
        .filter((kind) => /Time|Immediate|TCP|UDP|Signal|FSEvent/.test(kind))
      console.log(JSON.stringify([typeof whorl.Deferred, opened]))`, '--input-type=module')).toEqual(['function', []])
  })

  it('has the wasm module, importable by itself', () => {
    const bytes = readFileSync(`${root}/dist/core.wasm`)
    const module = new WebAssembly.Module(bytes)
    expect(WebAssembly.Module.imports(module)).toEqual([])
    expect(WebAssembly.Module.exports(module).map((one) => one.name)).toContain('memory')
  })

  it('has no host-neutral entry that knows a host', () => {
    const reached = new Set<string>()
    const visit = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      for (const match of textOf(`dist/${file}`).matchAll(/(?:from|import)\s+'([^']+)'/g)) {
        if (match[1]!.startsWith('node:')) throw new Error(`dist/${file} imports ${match[1]}`)
        visit(match[1]!.startsWith('./chunks/') ? match[1]!.slice(2) : file.startsWith('chunks/')
          ? `chunks/${match[1]!.slice(2)}` : match[1]!.slice(2))
      }
    }
    for (const entry of ['whorl.js', 'core.js', 'core-plain.js', 'socket.js', 'http.js', 'websocket.js', 'testing.js']) visit(entry)
    expect(reached.size).toBeGreaterThan(4)
  })

  it('is packed with what it needs and nothing else', () => {
    const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'],
      { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const files = (JSON.parse(output) as { files: { path: string }[] }[])[0]!.files.map((file) => file.path)
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/core.wasm',
      'dist/whorl.js', 'dist/whorl.node.js', 'dist/types/src/index.d.ts']))
    const strange = files.filter((path) => !/^(?:dist|docs|bindings\/c)\/|^(?:LICENSE|package\.json|[A-Z]+\.md)$/.test(path))
    expect(strange).toEqual([])
  })
})

describe('what is published', () => {
  const modules = (): string[] => readdirSync(`${root}/dist`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))

  it('is ASCII, since V8 keeps a module in two bytes a character otherwise', () => {
    expect(modules().length).toBeGreaterThan(20)
    expect(modules().filter((name) => /[^\n -~]/.test(readFileSync(`${root}/dist/${name}`, 'utf8')))).toEqual([])
  })

  it('has no comments but those that bundlers read', () => {
    const comments = modules().flatMap((name) =>
      readFileSync(`${root}/dist/${name}`, 'utf8').match(/^\s*(?:\/\/|\/\*).*/gm) ?? [])
    expect(comments.filter((comment) => !/__PURE__/.test(comment))).toEqual([])
  })

  it('keeps the marks that let bundlers drop what is not used', () => {
    const marked = modules().filter((name) => readFileSync(`${root}/dist/${name}`, 'utf8').includes('__PURE__'))
    expect(marked.length).toBeGreaterThan(3)
  })
})

describe('the types', () => {
  it('serve a strict program without any help', () => {
    const consumer = `${root}/build/consumer`
    rmSync(consumer, { recursive: true, force: true })
    mkdirSync(`${consumer}/node_modules`, { recursive: true })
    symlinkSync(root, `${consumer}/node_modules/whorl`)
    writeFileSync(`${consumer}/package.json`, '{ "type": "module" }')
    writeFileSync(`${consumer}/tsconfig.json`, JSON.stringify({
      compilerOptions: {
        target: 'ES2022', lib: ['ES2023', 'DOM'], module: 'NodeNext', strict: true, noEmit: true, types: ['node'],
        exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false,
      },
      files: ['main.ts'],
    }))
    writeFileSync(`${consumer}/main.ts`, `
      import { Factory, LineReceiver, reactor, serverFromString, TimeoutMixin } from 'whorl'
      import type { IListeningPort } from 'whorl'
      import { createCore } from 'whorl/core'
      import { connectInMemory, StringTransport } from 'whorl/testing'
      class Shout extends TimeoutMixin(LineReceiver) {
        override lineReceived(line: string): void {
          this.resetTimeout()
          this.sendLine(line.toUpperCase())
        }
      }
      const factory = Factory.forProtocol(Shout)
      serverFromString(reactor, 'tcp:0').listen(factory).addCallback((port: IListeningPort) => port.getHost())
      const handle: number = createCore().timers.schedule(1, 2)
      const text: string = new StringTransport().text()
      const { client } = connectInMemory(factory, factory)
      client?.makeConnection(new StringTransport())
      // @ts-expect-error a port is a number
      reactor.listenTCP('80', factory)
      console.log(handle, text)
    `)
    let output = ''
    try {
      execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', consumer], { encoding: 'utf8' })
    } catch (error) {
      output = (error as { stdout: string }).stdout
    }
    expect(output).toBe('')
  }, 60_000)
})
