/**
 * Node's own modules that not every program needs, loaded by the first who does: TLS and cryptography alone are half a
 * megabyte of heap and a third of the time that importing Node's networking takes.
 *
 * Owns: nothing; Node keeps what it has loaded. Must not know: what is done with them.
 */

import process from 'node:process'

/** `node:child_process` */
export const childProcess = () => process.getBuiltinModule('node:child_process')
/** `node:crypto` */
export const crypto = () => process.getBuiltinModule('node:crypto')
/** `node:dgram` */
export const dgram = () => process.getBuiltinModule('node:dgram')
/** `node:tls` */
export const tls = () => process.getBuiltinModule('node:tls')
/** `node:zlib` */
export const zlib = () => process.getBuiltinModule('node:zlib')
