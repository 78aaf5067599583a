import { expect, it } from 'vitest';
import { comparePaths } from '../../src/maintscript/path-order.ts';

// /var/lib/dpkg/diversions of dpkg 1.21.22 after these were diverted one by one.
it('orders paths as dpkg writes them', () => {
  const order = ['/usr/bin/m6', '/usr/bin/m5', '/usr/bin/m4', '/usr/bin/m3', '/usr/bin/m2', '/usr/bin/m1', '/bin/sh'];
  expect([...order, '/usr/bin/t5'].sort().sort(comparePaths)).toEqual([...order, '/usr/bin/t5']);
});

// The same file of a trixie with dpkg 1.22.
it('orders libraries as dpkg of trixie writes them', () => {
  const order = [
    '/lib/x86_64-linux-gnu/libhistory.so.8.2',
    '/lib/x86_64-linux-gnu/libreadline.so.8',
    '/lib64/ld-linux-x86-64.so.2',
    '/usr/bin/m6',
    '/usr/bin/m1',
    '/lib/x86_64-linux-gnu/libhistory.so.8',
    '/lib/x86_64-linux-gnu/libreadline.so.8.2',
    '/libx32',
    '/lib32',
    '/libo32',
  ];
  expect([...order].sort().sort(comparePaths)).toEqual(order);
});
