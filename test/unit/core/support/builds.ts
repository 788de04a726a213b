/**
 * The three builds of the core, so that one suite runs over all of them.
 *
 * Owns: making and sharing instances: one for each build and test file, because each costs address space.
 */
import { createCore } from '../../../../src/core/index.js'
import type { Core, CoreExports, CoreOptions } from '../../../../src/core/index.js'
import { instantiatePlain } from '../../../../src/core/plain.js'

export const BUILDS = ['simd', 'baseline', 'plain'] as const
export type BuildName = (typeof BUILDS)[number]

/** What makes an instance of this build. */
export function optionsOf(build: BuildName): CoreOptions {
  return build === 'plain' ? { instantiate: instantiatePlain } : { build }
}

/** An instance of this build that nobody else uses. */
export function freshCore(build: BuildName): Core {
  return createCore(optionsOf(build))
}

const shared: Partial<Record<BuildName, Core>> = {}

/** The instance of this build that the tests of one file share. */
export function coreOf(build: BuildName): Core {
  return (shared[build] ??= freshCore(build))
}

/** The raw exports of all three builds, each freshly made. */
export function freshExports(): Record<BuildName, CoreExports> {
  const all: Partial<Record<BuildName, CoreExports>> = {}
  for (const build of BUILDS) all[build] = freshCore(build).exports
  return all as Record<BuildName, CoreExports>
}
