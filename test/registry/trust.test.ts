import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { trustContext } from '../../src/registry/trust.ts';
import { testHome } from './setup.ts';

const own = readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'tls', 'ca.pem'), 'utf8');

describe('trustContext', () => {
  it("is Node's own where nothing is set", async () => {
    expect(await trustContext({}, undefined)).toBeUndefined();
  });

  it("is Node's own where the file adds nothing, however it is wrapped", async () => {
    const known = rootCertificates.slice(0, 2).map((certificate) => certificate.replaceAll('\n', '\r\n'));
    const home = await testHome({ 'known.pem': `# a comment\n${known.join('\n')}` });
    expect(await trustContext({ SSL_CERT_FILE: join(home, 'known.pem') }, undefined)).toBeUndefined();
  });

  it('is another one where the file or the option adds an authority', async () => {
    const home = await testHome({ 'own.pem': own });
    expect(await trustContext({ SSL_CERT_FILE: join(home, 'own.pem') }, undefined)).toBeDefined();
    expect(await trustContext({}, own)).toBeDefined();
  });
});
