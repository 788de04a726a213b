/** Files that are read piece by piece, directories, and media types, through a reactor of Node and one in memory. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { commonMediaType } from '../../../bindings/node-api/media-types.js'
import { CapabilityError, FileReadError } from '../../../src/errors/index.js'
import { MemoryReactor } from '../../../src/testing/index.js'
import { reactors } from './helpers.js'
import { temporaryDirectory } from './http-lab.js'
import { checkNothingLeft } from './left-behind.js'

checkNothingLeft()
const newReactor = reactors(afterEach)
const base = temporaryDirectory(afterAll)
writeFileSync(`${base}/a.txt`, 'hello world')
mkdirSync(`${base}/sub`)
symlinkSync('../a.txt', `${base}/sub/link`)

const trouble = async (asked: PromiseLike<unknown>): Promise<string> => {
  const error = await Promise.resolve(asked).then(() => null, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(FileReadError)
  return (error as FileReadError).trouble
}

describe('openFile', () => {
  it('reads pieces, also into an array that is given, and says where the file really is', async () => {
    const file = await newReactor().openFile(`${base}/sub/link`)
    expect([file.kind, file.size, file.realPath]).toEqual(['file', 11, `${base}/a.txt`])
    expect(file.modified).toBeLessThanOrEqual(Date.now() + 1000)
    const read = async (at: number, length: number, into?: Uint8Array): Promise<string> =>
      Buffer.from(await file.read(at, length, into)).toString()
    expect([await read(0, 5), await read(6, 100), await read(11, 1)]).toEqual(['hello', 'world', ''])
    const into = new Uint8Array(8)
    expect(await read(0, 5, into)).toBe('hello')
    expect(Buffer.from(into).toString()).toBe('hello\0\0\0')
    expect(() => file.read(0, 9, into)).toThrow(RangeError)
    expect(() => file.read(-1, 1)).toThrow(RangeError)
    expect(() => file.read(0, 0)).toThrow(RangeError)
    const last = file.read(0, 5)
    file.close()
    file.close()
    expect(Buffer.from(await last).toString()).toBe('hello')
    expect(await trouble(file.read(0, 1))).toBe('other')
  })

  it('fails as what it is, and takes paths only', async () => {
    const reactor = newReactor()
    expect(await trouble(reactor.openFile(`${base}/none`))).toBe('missing')
    expect(await trouble(reactor.openFile(`${base}/a.txt/x`))).toBe('missing')
    const directory = await reactor.openFile(base)
    expect(directory.kind).toBe('directory')
    expect(await trouble(directory.read(0, 1))).toBe('other')
    directory.close()
    expect(() => reactor.openFile('a\0b')).toThrow(TypeError)
    const asked = reactor.openFile(`${base}/a.txt`)
    asked.cancel()
    await expect(Promise.resolve(asked)).rejects.toThrow()
  })
})

describe('listDirectory', () => {
  it('gives names and kinds, up to a limit', async () => {
    const reactor = newReactor()
    const entries = await reactor.listDirectory(base)
    expect([...entries].sort((one, other) => one.name < other.name ? -1 : 1))
      .toEqual([{ name: 'a.txt', kind: 'file' }, { name: 'sub', kind: 'directory' }])
    expect(await reactor.listDirectory(`${base}/sub`)).toEqual([{ name: 'link', kind: 'link' }])
    expect(await trouble(reactor.listDirectory(base, { limit: 1 }))).toBe('other')
    expect(await trouble(reactor.listDirectory(`${base}/a.txt`))).toBe('missing')
  })
})

describe('mediaType', () => {
  it('knows endings, and the short list agrees', async () => {
    const reactor = newReactor()
    for (const [name, type] of [
      ['a.html', 'text/html'], ['A.PNG', 'image/png'], ['html', null], ['a.nothing', null],
    ] as const) expect(await reactor.mediaType(name), name).toBe(type)
    const types = ['x/a.HTML', 'a.woff2', 'a', 'a.toString'].map(commonMediaType)
    expect(types).toEqual(['text/html', 'font/woff2', null, null])
  })
})

describe('restricted and in memory', () => {
  it('nothing without the grant; with it, no array of somebody else\'s is read into', async () => {
    const refused = newReactor().restrict({})
    for (const asked of [refused.openFile('/'), refused.listDirectory('/'), refused.mediaType('a.txt')]) {
      await expect(Promise.resolve<unknown>(asked)).rejects.toBeInstanceOf(CapabilityError)
    }
    const file = await newReactor().restrict({ files: true }).openFile(`${base}/a.txt`)
    expect([Object.isFrozen(file), Object.getPrototypeOf(file)]).toEqual([true, Object.prototype])
    const into = new Uint8Array(5)
    expect(Buffer.from(await file.read(0, 5, into)).toString()).toBe('hello')
    expect([...into]).toEqual([0, 0, 0, 0, 0])
    file.close()
  })

  it('the same in memory', async () => {
    const reactor = new MemoryReactor()
    reactor.files.set('/d/a.txt', 'hello').set('/d/e/b', 'x')
    const file = await reactor.openFile('/d/a.txt')
    expect([file.kind, file.size, Buffer.from(await file.read(1, 3)).toString()]).toEqual(['file', 5, 'ell'])
    expect((await reactor.openFile('/d/')).kind).toBe('directory')
    expect(await reactor.listDirectory('/d')).toEqual([
      { name: 'a.txt', kind: 'file' }, { name: 'e', kind: 'directory' },
    ])
    expect(await trouble(reactor.openFile('/none'))).toBe('missing')
    await expect(Promise.resolve<unknown>(reactor.restrict({}).openFile('/d'))).rejects.toBeInstanceOf(CapabilityError)
    expect(() => reactor.compression()).toThrow()
  })
})
