/** Recording what a real reactor lives through, and living through it again. */
export { ReactorRecording, recordParts, recordTo } from './record-parts.js'
export type { RecordedParts } from './record-parts.js'
export { Recorder } from './recorder.js'
export type { RecordOptions } from './recorder.js'
export { Recording } from './recording.js'
export { Replay } from './replay.js'
export type { ReplayOptions, ReplayReport } from './replay.js'
export type { ReplayedConnection } from './replay-streams.js'
