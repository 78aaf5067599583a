// A worker thread: does works of any kind, one after the other, so that one set of threads serves a whole build.
import { serveWork } from './serve-work.ts';

serveWork();
