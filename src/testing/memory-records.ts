/**
 * What a MemoryReactor writes down: one record for each call. Owns: the shapes only.
 */
import type {
  AddressFamily, ConnectProcessOptions, ConnectTCPOptions, ConnectUNIXOptions, IClientFactory, IDatagramProtocol,
  IProcessProtocol, IProtocolFactory, ITLSServerContext, ListenMulticastOptions, ListenTCPOptions, ListenUNIXOptions,
  SpawnOptions, TLSClientOptions, TLSServerOptions, UNIXAddress,
} from '../interfaces/index.js'
import type { MemoryConnector, MemoryPort } from './memory-ports.js'
import type { MemoryProcess } from './memory-process.js'
import type { MemoryUDPPort } from './memory-udp.js'

/** One call of `listenTCP`. */
export interface ListenRecord {
  readonly port: number
  readonly factory: IProtocolFactory
  readonly options: ListenTCPOptions
  /** What the call returned. */
  readonly listening: MemoryPort
}

/** One call of `connectTCP`. */
export interface ConnectRecord {
  readonly host: string
  readonly port: number
  readonly factory: IClientFactory
  readonly options: ConnectTCPOptions
  /** What the call returned. */
  readonly connector: MemoryConnector
}

/** One call of `listenSSL`. */
export interface ListenSSLRecord extends ListenRecord {
  readonly tls: TLSServerOptions | ITLSServerContext
}

/** One call of `connectSSL`. */
export interface ConnectSSLRecord extends ConnectRecord {
  readonly tls: TLSClientOptions
}

/** One call of `listenUNIX`. */
export interface ListenUNIXRecord {
  readonly path: string
  readonly factory: IProtocolFactory
  readonly options: ListenUNIXOptions
  readonly listening: MemoryPort<UNIXAddress>
}

/** One call of `connectUNIX`. */
export interface ConnectUNIXRecord {
  readonly path: string
  readonly factory: IClientFactory
  readonly options: ConnectUNIXOptions
  readonly connector: MemoryConnector
}

/** One call of `listenUDP` or `listenMulticast`. */
export interface UDPRecord {
  readonly port: number
  readonly protocol: IDatagramProtocol
  readonly options: ListenMulticastOptions
  readonly multicast: boolean
  readonly listening: MemoryUDPPort
}

/** One call of `spawnProcess`. */
export interface ProcessRecord {
  readonly protocol: IProcessProtocol
  readonly executable: string
  readonly args: readonly string[]
  readonly options: SpawnOptions
  readonly process: MemoryProcess
}

/** One call of `connectProcess`. */
export interface ConnectProcessRecord {
  readonly executable: string
  readonly args: readonly string[]
  readonly factory: IClientFactory
  readonly options: ConnectProcessOptions
  /** What the call returned. */
  readonly connector: MemoryConnector
}

/** One call of `adoptStreamPort`. */
export interface AdoptRecord {
  readonly fd: number
  readonly addressFamily: AddressFamily
  readonly factory: IProtocolFactory
  readonly listening: MemoryPort
}
