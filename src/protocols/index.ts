/** Protocols, factories and framing: names only. */

export { BufferedProtocol, Protocol } from './protocol.js'
export { ClientFactory, Factory, ServerFactory } from './factory.js'
export type { ProtocolClass } from './factory.js'
export {
  FileSender, FramedProtocol, Int8StringReceiver, Int16StringReceiver, Int32StringReceiver, IntNStringReceiver,
  LineOnlyReceiver, LineReceiver, NetstringReceiver, StatefulProtocol,
} from './basic.js'
export type { FileSource, State, StateHandler } from './basic.js'
