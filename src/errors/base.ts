/**
 * The root of every error that whorl makes.
 *
 * Owns: the stable `code`, the question "whose fault was it", the original error as `cause`, and an
 * `instanceof` that also holds when two copies of the package are loaded. Must not know: any area of
 * the library; each area derives its own classes in a file of its own.
 * Source: the habits page of the project (codes `ERR_<AREA>_<WHAT>`); the brand follows undici.
 */

/** Who broke the rules: this program, the other end, the machine it runs on, or whorl itself. */
export type Fault = 'local' | 'remote' | 'host' | 'bug'

/** What every error constructor takes after its message. */
export interface ErrorDetails {
  /** The error that led to this one. */
  cause?: unknown
}

/** A class whose instances are errors; what {@link Failure.check} and `trap` take. */
export type ErrorClass<E extends Error = Error> = abstract new (...args: never[]) => E

const BRAND = Symbol.for('whorl.error')

/**
 * Base class of all errors of the package.
 *
 * A subclass states its code and fault once, as static members; the name is the class's own.
 */
export class WhorlError extends Error {
  /** Stable identifier of the kind of error: `ERR_<AREA>_<WHAT>`. */
  static readonly code: string = 'ERR_WHORL'
  /** Who is to blame, as a rule, for this kind of error. */
  static readonly fault: Fault = 'bug'

  /** Stable identifier of the kind of error; never changes between releases. */
  readonly code: string
  /** Who is to blame. */
  readonly fault: Fault

  constructor(message?: string, details?: ErrorDetails) {
    // Named, since Terser moves `new.target` itself into functions that it makes, where it is another.
    const kind = new.target
    // Before super(), which takes the first line of the stack from the name.
    if (!Object.prototype.hasOwnProperty.call(kind.prototype, BRAND)) brand(kind)
    super(message, details !== undefined && 'cause' in details ? { cause: details.cause } : undefined)
    this.code = kind.code
    this.fault = kind.fault
  }

  /** True for instances of this class, and for those of the same class in another copy of whorl. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    if (typeof value !== 'object' || value === null || !Object.prototype.hasOwnProperty.call(this, 'code')) return false
    for (let link: unknown = Object.getPrototypeOf(value); link !== null; link = Object.getPrototypeOf(link)) {
      const brand = Object.getOwnPropertyDescriptor(link as object, BRAND)
      if (brand !== undefined && brand.value === this.code) return true
    }
    return false
  }
}

/** Gives a class and every class above it its name and its brand, at the first use of any of them. */
function brand(kind: typeof WhorlError): void {
  for (let link = kind; ; link = Object.getPrototypeOf(link)) {
    // On the prototype, so that stacks show the class and instances carry no extra own property.
    const { prototype } = link
    if (!Object.prototype.hasOwnProperty.call(prototype, 'name')) {
      Object.defineProperty(prototype, 'name', { value: link.name, configurable: true, writable: true })
    }
    if (!Object.prototype.hasOwnProperty.call(prototype, BRAND)) {
      Object.defineProperty(prototype, BRAND, { value: link.code })
    }
    if (link === WhorlError) return
  }
}
