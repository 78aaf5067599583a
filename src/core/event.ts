// Events are the only way the inside tells the outside what happens: terminal, JSON lines and tests read one stream.

/** Which image it is about, where one call builds several: its name in the file, or that of the image. */
interface AboutImage {
  readonly image?: string | undefined;
}

/** One unit of work began. `total` in `unit`s, when known. */
export interface StartEvent extends AboutImage {
  readonly type: 'start';
  readonly id: number;
  readonly parent?: number | undefined;
  /** What is done, a verb phrase that a user can read: `download`, `pack`, `upload`. */
  readonly step: string;
  /** What it is done to: a digest, a package, a reference. */
  readonly subject: string;
  readonly total?: number | undefined;
  readonly unit?: 'bytes' | 'items' | undefined;
}
export interface ProgressEvent extends AboutImage {
  readonly type: 'progress';
  readonly id: number;
  /** Absolute, not a difference. */
  readonly done: number;
}
export interface EndEvent extends AboutImage {
  readonly type: 'end';
  readonly id: number;
  readonly outcome: 'done' | 'skipped' | 'failed';
  /** Why, in a few words: `exists at the target`, `mounted from library/python`. */
  readonly note?: string | undefined;
}
export interface LogEvent extends AboutImage {
  readonly type: 'log';
  readonly level: 'debug' | 'info' | 'warning';
  readonly message: string;
}
export type BuildEvent = StartEvent | ProgressEvent | EndEvent | LogEvent;
