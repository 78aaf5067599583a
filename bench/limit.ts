// The limit: read the wheels, inflate each member once, hash both sides, send; nothing else. What no builder on Node can beat.
// `node bench/limit.ts HOST REPOSITORY WHEEL…`
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { Client } from 'undici';
import { readZip } from '../src/python/zip.ts';

const [host = '', repository = '', ...wheels] = process.argv.slice(2);
const client = new Client(`http://${host}`);

/** Both digests of one wheel's content; the wheel itself stands for the layer's blob. */
async function hash(wheel: string, bytes: Buffer): Promise<string> {
  const tar = createHash('sha256');
  for (const { method, offset, compressedSize, size, crc32: expected } of await readZip(wheel, basename(wheel))) {
    const raw = bytes.subarray(offset, offset + compressedSize);
    const content = method === 0 ? raw : inflateRawSync(raw, { chunkSize: Math.max(64, size) });
    if (crc32(content) !== expected) throw new Error(`${wheel} is damaged`);
    tar.update(content);
  }
  tar.digest();
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function send(bytes: Buffer, digest: string): Promise<void> {
  const post = await client.request({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` });
  await post.body.dump();
  const location = new URL(String(post.headers['location']), `http://${host}`);
  location.searchParams.set('digest', digest);
  const path = location.pathname + location.search;
  const headers = { 'content-type': 'application/octet-stream' };
  const put = await client.request({ method: 'PUT', path, headers, body: bytes });
  await put.body.dump();
  if (put.statusCode !== 201) throw new Error(`the registry answered ${put.statusCode}`);
}

/** While one wheel is on its way, the next is read. */
let sending = Promise.resolve();
for (const wheel of wheels) {
  const bytes = await readFile(wheel);
  const digest = await hash(wheel, bytes);
  await sending;
  sending = send(bytes, digest);
}
await sending;
await client.close();
