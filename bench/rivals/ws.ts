/**
 * The package ws, with its native masks (bufferutil) and without them: the two that a process has at a time are loaded
 * as copies of their own.
 */
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { NotInstalled } from '../model.js'

export interface WsReceiver {
  write(chunk: Buffer): boolean
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

export interface WsParts {
  readonly Receiver: new (
    options: { isServer: boolean; allowSynchronousEvents: boolean; maxPayload: number }) => WsReceiver
  unmask(buffer: Buffer, mask: Buffer): void
}

const require = createRequire(import.meta.url)

/** @throws NotInstalled */
export function loadWs(native: boolean): WsParts {
  const folder = join(dirname(resolve('ws')), 'lib')
  if (native) resolve('bufferutil')
  const before = process.env['WS_NO_BUFFER_UTIL']
  forget(folder)
  if (native) delete process.env['WS_NO_BUFFER_UTIL']
  else process.env['WS_NO_BUFFER_UTIL'] = '1'
  try {
    const Receiver = require(join(folder, 'receiver.js')) as WsParts['Receiver']
    const { unmask } = require(join(folder, 'buffer-util.js')) as Pick<WsParts, 'unmask'>
    return { Receiver, unmask }
  } finally {
    forget(folder)
    if (before === undefined) delete process.env['WS_NO_BUFFER_UTIL']
    else process.env['WS_NO_BUFFER_UTIL'] = before
  }
}

/** The native function by itself. @throws NotInstalled */
export function loadBufferutil(): Pick<WsParts, 'unmask'> {
  resolve('bufferutil')
  return require('bufferutil') as Pick<WsParts, 'unmask'>
}

function resolve(name: string): string {
  try {
    return require.resolve(name)
  } catch {
    throw new NotInstalled(`the package ${name} is not installed`)
  }
}

function forget(folder: string): void {
  for (const path of Object.keys(require.cache)) if (path.startsWith(folder + sep)) delete require.cache[path]
}
