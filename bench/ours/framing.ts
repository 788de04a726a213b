/**
 * Our sides of the framing subjects: the receivers of `protocols.basic` as a user subclasses them, with a transport
 * that leads nowhere, and the parsers of the core by themselves.
 */
import { nodeCore } from '../../bindings/node/index.js'
import { Failure } from '../../src/defer/index.js'
import { ConnectionDone } from '../../src/errors/index.js'
import type { IProtocol } from '../../src/interfaces/index.js'
import { Int32StringReceiver, LineReceiver, NetstringReceiver } from '../../src/protocols/index.js'
import { StringTransport } from '../../src/testing/index.js'
import type { Framer, FramingSide, Take } from '../framing.js'

export const LINE_RECEIVER = 'LineReceiver'

class Lines extends LineReceiver {
  take: Take<string> = ignore
  override lineReceived(line: string | Uint8Array): void { this.take(line as string) }
}

class Netstrings extends NetstringReceiver {
  take: Take<Uint8Array> = ignore
  override stringReceived(data: Uint8Array): void { this.take(data) }
}

class Int32Strings extends Int32StringReceiver {
  take: Take<Uint8Array> = ignore
  override stringReceived(data: Uint8Array): void { this.take(data) }
}

function ignore(): void {}

function connected(protocol: IProtocol): Framer {
  // In a program its reactor does this: the core takes Node's ways to make strings.
  nodeCore()
  protocol.makeConnection(new StringTransport())
  return {
    receive: (chunk) => protocol.dataReceived(chunk),
    free: () => protocol.connectionLost(new Failure(new ConnectionDone())),
  }
}

export const lineReceiver: FramingSide<string> = {
  name: LINE_RECEIVER, role: 'ours', exported: 'lineReceiver',
  make: (take) => connected(Object.assign(new Lines(), { take })),
}

export const netstringReceiver: FramingSide<Uint8Array> = {
  name: 'NetstringReceiver', role: 'ours', exported: 'netstringReceiver',
  make: (take) => connected(Object.assign(new Netstrings(), { take })),
}

export const int32Receiver: FramingSide<Uint8Array> = {
  name: 'Int32StringReceiver', role: 'ours', exported: 'int32Receiver',
  make: (take) => connected(Object.assign(new Int32Strings(), { take })),
}

export const coreLines: FramingSide<string> = {
  name: 'core.lineParser', role: 'ours', exported: 'coreLines',
  make: (take) => nodeCore().lineParser({ handler: { line: take } }),
}

export const coreNetstrings: FramingSide<Uint8Array> = {
  name: 'core.netstringParser', role: 'ours', exported: 'coreNetstrings',
  make: (take) => nodeCore().netstringParser({ handler: { string: take } }),
}

export const coreInt32: FramingSide<Uint8Array> = {
  name: 'core.lengthPrefixParser', role: 'ours', exported: 'coreInt32',
  make: (take) => nodeCore().lengthPrefixParser({ bytes: 4, handler: { string: take } }),
}
