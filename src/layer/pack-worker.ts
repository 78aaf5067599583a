// Packs layers on a thread of its own.
import type { PackRequest } from './pack.ts';
import { pack } from './pack.ts';
import { serveWork } from './serve-work.ts';

serveWork((ctx, request: PackRequest, onProgress) => pack(ctx, { ...request, onProgress }));
