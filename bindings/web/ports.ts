/**
 * Endpoints over the MessagePorts and BroadcastChannels of browsers.
 *
 * Owns: which classes of the browser they are made with, and whose pages are let in. Must not know: messages.
 */
import { BroadcastClientBase, BroadcastServerBase } from '../../src/endpoints/broadcast.js'
import type { BroadcastClientOptions, BroadcastOptions, BroadcastReactor } from '../../src/endpoints/broadcast.js'
import { MessagePortClientBase, MessagePortServerBase } from '../../src/endpoints/message-port.js'
import type {
  MessagePortClientOptions, MessagePortServerOptions, MessageSourceLike, MessageTargetLike,
} from '../../src/endpoints/message-port.js'
import type { MessagePortLike, StreamReactor } from '../../src/transports/index.js'

/**
 * Connects to whoever listens in a worker, a service worker, a window or behind a MessagePort.
 * @example new MessagePortClientEndpoint(reactor, new Worker('worker.js', { type: 'module' })).connect(factory)
 */
export class MessagePortClientEndpoint extends MessagePortClientBase {
  /**
   * @param target whom the port is posted to; its other end must be of the same origin, unless `targetOrigin`
   * says more
   */
  constructor(reactor: StreamReactor, target: MessageTargetLike, options: MessagePortClientOptions = {}) {
    super(reactor, target, () => new MessageChannel(), options)
  }
}

/**
 * Listens for those who post ports to this worker or page.
 * @example new MessagePortServerEndpoint(reactor, self).listen(factory)
 */
export class MessagePortServerEndpoint extends MessagePortServerBase {
  /** @param source a worker's `self`, a Worker, a window, `navigator.serviceWorker`, a MessagePort */
  constructor(reactor: StreamReactor, source: MessageSourceLike, options: MessagePortServerOptions = {}) {
    super(reactor, source, { accepts: (origin) => origin === globalThis.origin, ...options })
  }
}

const open = (name: string): MessagePortLike => new BroadcastChannel(name)

/** Connects to whoever listens by this name, in any page or worker of the origin. */
export class BroadcastClientEndpoint extends BroadcastClientBase {
  constructor(reactor: BroadcastReactor, name: string, options: BroadcastClientOptions = {}) {
    super(reactor, name, open, options)
  }
}

/** Listens by a name, for all pages and workers of the origin. */
export class BroadcastServerEndpoint extends BroadcastServerBase {
  constructor(reactor: BroadcastReactor, name: string, options: BroadcastOptions = {}) {
    super(reactor, name, open, options)
  }
}
