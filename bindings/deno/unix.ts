/**
 * UNIX sockets on Deno: listening and connecting with `Deno.listen` and `Deno.connect`.
 *
 * Owns: what of a request Deno can do. Must not know: factories and protocols; what is done about a socket's file.
 */

import { NotSupportedError } from '../../src/errors/index.js'
import type {
  ConnectHandle, ConnectSink, ListenHandle, ListenSink, UNIXConnectRequest, UNIXHost, UNIXListenRequest,
} from '../../src/interfaces/index.js'
import { unixAddress } from '../../src/transports/unix.js'
import { UNIXListener } from '../node-api/unix-listener.js'
import type { PathHost } from '../node-api/unix-listener.js'
import { isLocked } from '../node-api/unix-lock.js'
import { checkLength } from '../node-api/unix-place.js'
import { deno } from './api.js'
import { translated } from './errors.js'
import { Attempt, Listener } from './listener.js'
import { prepare } from './load.js'

/** Deno has no way to say how long the queue is to be. */
const PATHS: PathHost = {
  listen: (path, addresses, sink) =>
    new Listener(() => deno().listen({ transport: 'unix', path }), () => addresses.host, () => addresses, sink),
  check: checkName,
  translate: translated,
}

/** UNIX sockets for reactors. */
export class DenoUNIX implements UNIXHost {
  listen(request: UNIXListenRequest, sink: ListenSink): ListenHandle {
    prepare()
    return new UNIXListener(request, sink, PATHS)
  }

  connect({ path, checkLock }: UNIXConnectRequest, sink: ConnectSink): ConnectHandle {
    prepare()
    const addresses = { peer: unixAddress(path), host: unixAddress(null) }
    return new Attempt(() => {
      checkName(path)
      if (checkLock && !isLocked(path)) {
        throw Object.assign(new Error(`${path}.lock names no live process`), { code: 'ECONNREFUSED' })
      }
      return deno().connect({ transport: 'unix', path })
    }, () => addresses, sink)
  }
}

/** @throws for a path that is too long, and for a name that is none of a file */
function checkName(path: string): void {
  if (path.startsWith('\0')) {
    throw new NotSupportedError('deno', 'abstract UNIX sockets', { reason: 'Deno takes paths of files only' })
  }
  checkLength(path)
}
