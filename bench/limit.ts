// The limit: read the wheels, inflate each member once, hash both sides, send; nothing else. What no builder on Node can beat.
// `node bench/limit.ts HOST REPOSITORY WHEEL…`
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32, inflateRawSync } from 'node:zlib';
import { Client } from 'undici';
import { readZip } from '../src/python/zip.ts';

const [host = '', repository = '', ...wheels] = process.argv.slice(2);
const client = new Client(`http://${host}`);

for (const wheel of wheels) {
  const bytes = await readFile(wheel);
  const tar = createHash('sha256');
  for (const { method, offset, compressedSize, size, crc32: expected } of await readZip(wheel, wheel)) {
    const raw = bytes.subarray(offset, offset + compressedSize);
    const content = method === 0 ? raw : inflateRawSync(raw, { chunkSize: Math.max(64, size) });
    if (crc32(content) !== expected) throw new Error(`${wheel} is damaged`);
    tar.update(content);
  }
  tar.digest();
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const post = await client.request({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` });
  await post.body.dump();
  const location = new URL(String(post.headers['location']), `http://${host}`);
  location.searchParams.set('digest', digest);
  const put = await client.request({
    method: 'PUT',
    path: location.pathname + location.search,
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  await put.body.dump();
  if (put.statusCode !== 201) throw new Error(`the registry answered ${put.statusCode}`);
}
await client.close();
