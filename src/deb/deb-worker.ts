// Unpacks packages on a thread of its own.
import { serveWork } from '../layer/serve-work.ts';
import { unpackDeb } from './unpack-deb.ts';

serveWork(unpackDeb);
