/**
 * Recorded files and compression. Owns: passing everything on, and telling the Recorder of it.
 */
import type { Codec, CodecSink, CompressionHost } from '../../interfaces/compression-host.js'
import type { FileHandle, FileHost } from '../../interfaces/reactor-files.js'
import { HASH_START, hashOf, HOST } from './format.js'
import { ref } from './recorder.js'
import type { Recorder } from './recorder.js'

type Done<T> = (error: unknown, value: T | null) => void

/** @internal */
export function recordFiles(recorder: Recorder, files: FileHost): FileHost {
  const told = <T>(id: number, done: Done<T>): Done<T> => (error, value) => {
    recorder.told(id, 'done', error, value)
    done(error, value)
  }
  const recorded: FileHost = {
    read: (path, limit, done) => {
      const id = recorder.newObject()
      const cancel = recorder.call(HOST, 'readFile', [ref(id), path, limit], () =>
        files.read(path, limit, told(id, done)))
      return () => {
        recorder.asked(id, 'cancel')
        cancel()
      }
    },
    open: (path, done) => {
      const id = recorder.newObject()
      recorder.call(HOST, 'openFile', [ref(id), path], () => files.open(path, (error, file) => {
        if (file === null) {
          told(id, done)(error, null)
          return
        }
        const own = recordedFile(recorder, file)
        const { kind, size, modified, realPath, identity } = file
        recorder.told(id, 'done', null, [ref(own.id), { kind, size, modified, realPath, identity }])
        done(null, own.handle)
      }))
    },
    list: (path, limit, done) => {
      const id = recorder.newObject()
      recorder.call(HOST, 'listDirectory', [ref(id), path, limit], () => files.list(path, limit, told(id, done)))
    },
  }
  if (files.mediaType !== undefined) {
    recorded.mediaType = (name, done) => {
      const id = recorder.newObject()
      recorder.call(HOST, 'mediaType', [ref(id), name], () => files.mediaType!(name, (type) => {
        recorder.told(id, 'done', null, type)
        done(type)
      }))
    }
  }
  return recorded
}

function recordedFile(recorder: Recorder, file: FileHandle): { id: number, handle: FileHandle } {
  const id = recorder.newObject()
  const { kind, size, modified, realPath, identity } = file
  const handle: FileHandle = {
    kind, size, modified, realPath, identity,
    read: (position, length, done, into) => {
      const asked = recorder.newObject()
      recorder.call(id, 'read', [ref(asked), position, length, into !== undefined], () =>
        file.read(position, length, (error, bytes) => {
          recorder.told(asked, 'done', error, bytes)
          done(error, bytes)
        }, into))
    },
    list: (limit, done) => {
      const asked = recorder.newObject()
      recorder.call(id, 'list', [ref(asked), limit], () => file.list(limit, (error, entries) => {
        recorder.told(asked, 'done', error, entries)
        done(error, entries)
      }))
    },
    close: () => recorder.call(id, 'close', [], () => file.close()),
  }
  return { id, handle }
}

/**
 * Without `compressShort` and `decompressShort`: what they give back would be in no record, and where a host has none
 * its codecs do the same, whose output is in the recording.
 *
 * @internal
 */
export function recordCompression(recorder: Recorder, compression: CompressionHost): CompressionHost {
  return {
    codings: compression.codings,
    compressor: (coding, options, sink) => {
      const id = recorder.newObject()
      return recordedCodec(recorder, id, recorder.call(HOST, 'compressor', [ref(id), coding, { ...options }], () =>
        compression.compressor(coding, options, recordedSink(recorder, id, sink))))
    },
    decompressor: (coding, options, sink) => {
      const id = recorder.newObject()
      return recordedCodec(recorder, id, recorder.call(HOST, 'decompressor', [ref(id), coding, { ...options }], () =>
        compression.decompressor(coding, options, recordedSink(recorder, id, sink))))
    },
  }
}

function recordedSink(recorder: Recorder, id: number, sink: CodecSink): CodecSink {
  return {
    output: (bytes) => {
      recorder.told(id, 'output', bytes)
      sink.output(bytes)
    },
    taken: () => {
      recorder.told(id, 'taken')
      sink.taken()
    },
    ended: () => {
      recorder.told(id, 'ended')
      sink.ended()
    },
    failed: (error) => {
      recorder.told(id, 'failed', error)
      sink.failed(error)
    },
  }
}

function recordedCodec(recorder: Recorder, id: number, codec: Codec): Codec {
  const recorded: Codec = {
    write: (data, flush) => recorder.call(id, 'write', [data.length, hashOf(data, HASH_START), flush], () =>
      codec.write(data, flush)),
    end: () => recorder.call(id, 'end', [], () => codec.end()),
    close: () => recorder.call(id, 'close', [], () => codec.close()),
    pause: () => recorder.call(id, 'pause', [], () => codec.pause()),
    resume: () => recorder.call(id, 'resume', [], () => codec.resume()),
  }
  if (codec.reset !== undefined) recorded.reset = () => recorder.call(id, 'reset', [], () => codec.reset!())
  return recorded
}
