/**
 * Replayed datagram sockets, names, files and compression. Owns: telling what was told. Must not know: the file.
 */
import { cancelOnAbort, Deferred } from '../../defer/index.js'
import type { IAddress } from '../../interfaces/address.js'
import type { Codec, CodecSink, CompressionHost, ContentCoding } from '../../interfaces/compression-host.js'
import type { DatagramHost } from '../../interfaces/datagram-host.js'
import type { DirectoryEntry, FileHandle, FileHost, FileStatus } from '../../interfaces/reactor-files.js'
import type { UDPAddress } from '../../interfaces/reactor-udp.js'
import type { IHostnameResolver } from '../../interfaces/resolver.js'
import { HASH_START, hashOf, HOST } from './format.js'
import type { Method } from './format.js'
import type { ReplayObjects } from './replay-objects.js'
import { Ref } from './values.js'

/** @internal */
export function replayUDP(objects: ReplayObjects): DatagramHost {
  const { tape } = objects
  return {
    bind: (request, sink) => {
      let made = -1
      tape.call(HOST, 'bindUDP', [{ ...request }], (id) => {
        made = id
        objects.add(id, (method, values) => {
          if (method === 'bound') sink.bound(values[0] as UDPAddress)
          else if (method === 'failed') sink.failed(values[0])
          else if (method === 'received') sink.received(...values as [Uint8Array, string, number])
          else if (method === 'refused') sink.refused()
          else if (method === 'trouble') sink.trouble(values[0])
          else if (method === 'closed') sink.closed()
        })
      })
      const ask = (method: Method, ...args: unknown[]): void => void tape.call(made, method, args)
      return {
        send: (data, host, port) => ask('send', data.length, hashOf(data, HASH_START), host, port),
        connect: (host, port, done) => {
          tape.call(made, 'connect', [host, port], (id) => objects.add(id, (_method, values) => done(values[0])))
        },
        setBroadcast: (allowed) => ask('setBroadcast', allowed),
        addMembership: (group, iface) => ask('addMembership', group, iface),
        dropMembership: (group, iface) => ask('dropMembership', group, iface),
        setTTL: (ttl) => ask('setTTL', ttl),
        setLoopback: (enabled) => ask('setLoopback', enabled),
        setInterface: (iface) => ask('setInterface', iface),
        pause: () => ask('pause'),
        resume: () => ask('resume'),
        close: () => ask('close'),
      }
    },
  }
}

/** @internal */
export function replayResolver(objects: ReplayObjects): IHostnameResolver {
  return {
    resolve: (name, options = {}) => {
      const { family, signal } = options
      let made = -1
      const answer = new Deferred<IAddress[]>(() => objects.tape.asked(made, 'cancel'))
      objects.tape.call(HOST, 'resolve', [name, family], (id) => {
        made = id
        objects.add(id, (_method, [error, addresses]) => {
          if (answer.called) return
          if (error === null) answer.callback((addresses as IAddress[]).map((one) => Object.freeze(one)))
          else answer.errback(error)
        })
      })
      return cancelOnAbort(signal, answer)
    },
  }
}

type Done<T> = (error: unknown, value: T | null) => void

/** @internal */
export function replayFiles(objects: ReplayObjects): FileHost {
  const { tape } = objects
  const ask = <T>(object: number, method: Method, args: unknown[], done: Done<T>): number => {
    let made = -1
    tape.call(object, method, args, (id) => {
      made = id
      objects.add(id, (_method, [error, value]) => done(error, value as T | null))
    })
    return made
  }
  return {
    read: (path, limit, done) => {
      const made = ask(HOST, 'readFile', [path, limit], done)
      return () => tape.asked(made, 'cancel')
    },
    open: (path, done) => {
      ask<[Ref, FileStatus]>(HOST, 'openFile', [path], (error, opened) => {
        done(error, opened === null ? null : replayedFile(objects, ask, opened[0].id, opened[1]))
      })
    },
    list: (path, limit, done) => void ask<DirectoryEntry[]>(HOST, 'listDirectory', [path, limit], done),
    mediaType: (name, done) => void ask<string>(HOST, 'mediaType', [name], (_error, type) => done(type)),
  }
}

type Ask = <T>(object: number, method: Method, args: unknown[], done: Done<T>) => number

function replayedFile(objects: ReplayObjects, ask: Ask, id: number, status: FileStatus): FileHandle {
  return {
    ...status,
    read: (position, length, done, into) => {
      ask<Uint8Array>(id, 'read', [position, length, into !== undefined], (error, bytes) => {
        if (bytes === null || into === undefined) return done(error, bytes)
        into.set(bytes)
        done(error, into.subarray(0, bytes.length))
      })
    },
    list: (limit, done) => void ask<DirectoryEntry[]>(id, 'list', [limit], done),
    close: () => void objects.tape.call(id, 'close', []),
  }
}

/** @internal */
export function replayCompression(objects: ReplayObjects, codings: readonly string[]): CompressionHost {
  const { tape } = objects
  const codec = (method: 'compressor' | 'decompressor', args: unknown[], sink: CodecSink): Codec => {
    let made = -1
    tape.call(HOST, method, args, (id) => {
      made = id
      objects.add(id, (event, values) => {
        if (event === 'output') sink.output(values[0] as Uint8Array)
        else if (event === 'taken') sink.taken()
        else if (event === 'ended') sink.ended()
        else if (event === 'failed') sink.failed(values[0])
      })
    })
    return {
      write: (data, flush) => void tape.call(made, 'write', [data.length, hashOf(data, HASH_START), flush]),
      end: () => void tape.call(made, 'end', []),
      close: () => void tape.call(made, 'close', []),
      pause: () => void tape.call(made, 'pause', []),
      resume: () => void tape.call(made, 'resume', []),
      reset: () => void tape.call(made, 'reset', []),
    }
  }
  return {
    codings: codings as readonly ContentCoding[],
    compressor: (coding, options, sink) => codec('compressor', [coding, { ...options }], sink),
    decompressor: (coding, options, sink) => codec('decompressor', [coding, { ...options }], sink),
  }
}
