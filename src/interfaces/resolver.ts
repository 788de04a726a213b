/**
 * Names to addresses.
 *
 * Source: twisted.internet.interfaces.IHostnameResolver, simplified to one Deferred.
 */

import type { Deferred } from '../defer/index.js'
import type { IAddress } from './address.js'

/** Options of `resolve`. */
export interface ResolveOptions {
  /** Only addresses of this family; both if not given. */
  family?: 4 | 6
  /** Cancels the Deferred. */
  signal?: AbortSignal
}

/** Resolves host names. */
export interface IHostnameResolver {
  /** Fires with the addresses (port 0), best first; fails with DNSLookupError. */
  resolve(name: string, options?: ResolveOptions): Deferred<IAddress[]>
}

/** A reactor whose names are resolved by something that can be replaced. */
export interface IReactorPluggableNameResolver {
  readonly nameResolver: IHostnameResolver
  /** @returns the one that it replaces */
  installNameResolver(resolver: IHostnameResolver): IHostnameResolver
}
