/**
 * `protocols.basic`: the framing protocols, by name. Source: twisted.protocols.basic, twisted.protocols.stateful.
 */
export { FileSender } from './file-sender.js'
export type { FileSource } from './file-sender.js'
export { FramedProtocol } from './framed.js'
export { LineOnlyReceiver, LineReceiver } from './line-receiver.js'
export { StatefulProtocol } from './stateful-protocol.js'
export type { State, StateHandler } from './stateful-protocol.js'
export {
  Int8StringReceiver, Int16StringReceiver, Int32StringReceiver, IntNStringReceiver, NetstringReceiver,
} from './string-receivers.js'
