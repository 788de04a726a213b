/**
 * Freezing classes that restricted code shares with everybody else.
 *
 * Owns: how a class is frozen. Must not know: which. A method in a frozen prototype that is a plain property cannot be
 * assigned to on an instance either, nor in a class that is derived by hand: every program would notice. So methods
 * become accessors that give the method, and make what is assigned a property of the object's own.
 */

const frozen = new WeakSet<object>()

/**
 * Freezes the classes of an object, so that whoever reaches them cannot change what they do for others. Those of the
 * language are everybody's, and stay as they are.
 */
export function freezeClasses(object: object): void {
  let link = Object.getPrototypeOf(object) as object | null
  for (; link !== null && link !== Object.prototype; link = Object.getPrototypeOf(link) as object | null) {
    if (link === Error.prototype || frozen.has(link)) return
    frozen.add(link)
    const made = Object.getOwnPropertyDescriptor(link, 'constructor')?.value as unknown
    if (typeof made === 'function') freeze(made)
    freeze(link)
  }
}

/**
 * Freezes a class and those above it, and has their instances lead to no constructor: whoever could make a transport or
 * a reactor on parts of his own would be handed, as a part, what is inside of them.
 */
export function sealClass(kind: { readonly prototype: object, readonly name: string }): void {
  for (let link = kind.prototype; link !== Object.prototype; link = Object.getPrototypeOf(link) as object) {
    const { value: made, writable } = Object.getOwnPropertyDescriptor(link, 'constructor') ?? {}
    if (typeof made !== 'function' || writable !== true || frozen.has(link)) continue
    freeze(made as object)
    // Of the same name and with the same instances, as consoles and stacks show them by it.
    const { name } = made as { name: string }
    const hidden = { [name]: function (): never {
      throw new TypeError(`a ${name} is not made by hand`)
    } }[name]!
    Object.defineProperty(hidden, 'prototype', { value: link, writable: false })
    Object.defineProperty(link, 'constructor', { value: Object.freeze(hidden), writable: false, configurable: true })
  }
  freezeClasses(Object.create(kind.prototype) as object)
}

function freeze(holder: object): void {
  for (const key of Reflect.ownKeys(holder)) {
    const found = Object.getOwnPropertyDescriptor(holder, key)!
    if (found.configurable !== true || !('value' in found)) continue
    // Those consoles look at as they are; and classes that are derived have them of their own.
    if (key === 'constructor' || (typeof holder === 'function' && (key === 'name' || key === 'length'))) continue
    const { value, enumerable } = found as { value: unknown, enumerable: boolean }
    Object.defineProperty(holder, key, {
      get: () => value,
      set(this: object, own: unknown) {
        // On the class itself, or something else that is frozen, this is the TypeError that an assignment is.
        Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true })
      },
      enumerable,
      configurable: true,
    })
  }
  Object.freeze(holder)
}
