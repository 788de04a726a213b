/**
 * The programs of the README do what it says, run with the built package.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../scripts/build.mjs'
import { root, textOf } from '../arch/files.js'

const programs = [...textOf('README.md').matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]!)

function program(name: string, source: string): string {
  const path = `${root}/build/readme/${name}.mjs`
  mkdirSync(`${root}/build/readme`, { recursive: true })
  writeFileSync(path, source)
  return path
}

beforeAll(() => build(), 300_000)

describe('the README', () => {
  it('has a server that answers, and ends with status 0 when told to', async () => {
    const source = programs[0]!.replace('tcp:8007', 'tcp:0:interface=127.0.0.1')
    expect(source).not.toBe(programs[0])
    const server = spawn(process.execPath, [program('server', source)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = await once(server.stdout, 'data') as [Buffer]
    const client = connect(Number(/port (\d+)/.exec(line.toString())![1]), '127.0.0.1')
    let answer = ''
    client.on('data', (data) => { answer += data.toString() })
    client.write('hello\r\n')
    while (!answer.includes('HELLO\r\n')) await once(client, 'data')
    expect(answer).toBe('Say something.\r\nHELLO\r\n')
    client.end()
    await once(client, 'close')
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([0, null])
  })

  it('has a way to try the same class without a network', () => {
    const shout = programs[0]!.slice(0, programs[0]!.indexOf('const port'))
    const [, expected] = /transport\.text\(\)\s*\/\/ '(.*)'/.exec(programs[1]!)!
    const path = program('without', `${shout}\n${programs[1]}\nconsole.log(JSON.stringify(transport.text()))`)
    expect(execFileSync(process.execPath, [path], { encoding: 'utf8' }).trim()).toBe(`"${expected}"`)
  })

  it('names only files and scripts that exist', () => {
    const scripts = Object.keys((JSON.parse(textOf('package.json')) as { scripts: object }).scripts)
    const named = [...textOf('README.md').matchAll(/`npm (?:run )?([\w:]+)/g)].map((match) => match[1]!)
    expect(named.filter((name) => !['install', 'pack'].includes(name) && !scripts.includes(name))).toEqual([])
    const links = [...textOf('README.md').matchAll(/\]\((?!http)([^)#]+)\)/g)].map((match) => match[1]!)
    expect(links).toContain('CHANGELOG.md')
    expect(links.filter((link) => !existsSync(`${root}/${link}`))).toEqual([])
  })
})
