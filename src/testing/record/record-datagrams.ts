/**
 * Recorded datagram sockets and names. Owns: passing everything on, and telling the Recorder of it.
 */
import { cancelOnAbort, Deferred } from '../../defer/index.js'
import type { Failure } from '../../defer/index.js'
import type { IAddress } from '../../interfaces/address.js'
import type { DatagramHandle, DatagramHost } from '../../interfaces/datagram-host.js'
import type { IHostnameResolver } from '../../interfaces/resolver.js'
import { HASH_START, hashOf, HOST } from './format.js'
import { ref } from './recorder.js'
import type { Recorder } from './recorder.js'

/** @internal */
export function recordUDP(recorder: Recorder, udp: DatagramHost): DatagramHost {
  return {
    bind: (request, sink) => {
      const id = recorder.newObject()
      const handle = recorder.call(HOST, 'bindUDP', [ref(id), { ...request }], () => udp.bind(request, {
        bound: (address) => {
          recorder.told(id, 'bound', address)
          sink.bound(address)
        },
        failed: (error) => {
          recorder.told(id, 'failed', error)
          sink.failed(error)
        },
        received: (data, host, port) => {
          recorder.told(id, 'received', data, host, port)
          sink.received(data, host, port)
        },
        refused: () => {
          recorder.told(id, 'refused')
          sink.refused()
        },
        trouble: (error) => {
          recorder.told(id, 'trouble', error)
          sink.trouble(error)
        },
        closed: () => {
          recorder.told(id, 'closed')
          sink.closed()
        },
      }))
      return recordedSocket(recorder, id, handle)
    },
  }
}

function recordedSocket(recorder: Recorder, id: number, handle: DatagramHandle): DatagramHandle {
  return {
    send: (data, host, port) => recorder.call(id, 'send', [data.length, hashOf(data, HASH_START), host, port], () =>
      handle.send(data, host, port)),
    connect: (host, port, done) => {
      const asked = recorder.newObject()
      recorder.call(id, 'connect', [ref(asked), host, port], () => handle.connect(host, port, (error) => {
        recorder.told(asked, 'done', error)
        done(error)
      }))
    },
    setBroadcast: (allowed) => recorder.call(id, 'setBroadcast', [allowed], () => handle.setBroadcast(allowed)),
    addMembership: (group, iface) =>
      recorder.call(id, 'addMembership', [group, iface], () => handle.addMembership(group, iface)),
    dropMembership: (group, iface) =>
      recorder.call(id, 'dropMembership', [group, iface], () => handle.dropMembership(group, iface)),
    setTTL: (ttl) => recorder.call(id, 'setTTL', [ttl], () => handle.setTTL(ttl)),
    setLoopback: (enabled) => recorder.call(id, 'setLoopback', [enabled], () => handle.setLoopback(enabled)),
    setInterface: (iface) => recorder.call(id, 'setInterface', [iface], () => handle.setInterface(iface)),
    pause: () => recorder.call(id, 'pause', [], () => handle.pause?.()),
    resume: () => recorder.call(id, 'resume', [], () => handle.resume?.()),
    close: () => recorder.call(id, 'close', [], () => handle.close()),
  }
}

/** @internal */
export function recordResolver(recorder: Recorder, resolver: IHostnameResolver): IHostnameResolver {
  return {
    resolve: (name, options = {}) => {
      const { family, signal } = options
      const id = recorder.newObject()
      let asked: Deferred<IAddress[]> | null = null
      const answer = new Deferred<IAddress[]>(() => {
        recorder.asked(id, 'cancel')
        asked?.cancel()
      })
      recorder.call(HOST, 'resolve', [ref(id), name, family], () => {
        asked = resolver.resolve(name, family === undefined ? {} : { family })
        asked.addCallbacks((addresses: IAddress[]) => {
          if (answer.called) return
          recorder.told(id, 'done', null, addresses)
          answer.callback(addresses as never)
        }, (reason: Failure) => {
          if (answer.called) return
          recorder.told(id, 'done', reason.value)
          answer.errback(reason.value)
        })
      })
      return cancelOnAbort(signal, answer)
    },
  }
}
