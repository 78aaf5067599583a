// setcap(8) and getcap(8): the extended attribute `security.capability` (capabilities(7), linux/capability.h: vfs_cap_data, revision 2).
import { NotInterpretable } from '../shell/program.ts';
import type { Program } from '../shell/program.ts';
import { refuseOption } from './arguments.ts';

const ATTRIBUTE = 'security.capability';
const REVISION = 0x02000000;
const EFFECTIVE = 1;
/** By number, as cap_to_name(3) tells them. */
const NAMES = [
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'linux_immutable',
  'net_bind_service',
  'net_broadcast',
  'net_admin',
  'net_raw',
  'ipc_lock',
  'ipc_owner',
  'sys_module',
  'sys_rawio',
  'sys_chroot',
  'sys_ptrace',
  'sys_pacct',
  'sys_admin',
  'sys_boot',
  'sys_nice',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'mknod',
  'lease',
  'audit_write',
  'audit_control',
  'setfcap',
  'mac_override',
  'mac_admin',
  'syslog',
  'wake_alarm',
  'block_suspend',
  'audit_read',
  'perfmon',
  'bpf',
  'checkpoint_restore',
];

/** One clause: `cap_net_raw,cap_net_admin+ep` or with `=`. */
export const setcap: Program = (call) => {
  const [text = '', path = '', ...more] = call.argv.slice(1).filter((word) => word !== '-q');
  if (more.length > 0 || path === '') refuseOption(call.argv, call.argv.slice(1).join(' '));
  const node = call.tree.get(path);
  if (node?.type !== 'file') {
    call.stderr(`Failed to set capabilities on file '${path}': No such file or directory\n`);
    return 1;
  }
  const { [ATTRIBUTE]: _before, ...others } = node.xattrs ?? {};
  const xattrs = text === '-r' ? others : { ...others, [ATTRIBUTE]: encode(text) };
  call.tree.setAttributes(path, { xattrs: Object.keys(xattrs).length > 0 ? xattrs : undefined });
  return 0;
};

/** Files without capabilities are not named. */
export const getcap: Program = (call) => {
  for (const path of call.argv.slice(1)) {
    if (path.startsWith('-')) refuseOption(call.argv, path);
    const node = call.tree.get(path);
    if (node?.xattrs?.[ATTRIBUTE] !== undefined)
      throw new NotInterpretable(`getcap is asked for the capabilities of ${path}`);
  }
  return 0;
};

function encode(text: string): string {
  const [, names = '', flags = ''] = /^([a-z_,]+)[+=]([eip]+)$/.exec(text) ?? [];
  const numbers = names.split(',').map((name) => NAMES.indexOf(name.replace(/^cap_/, '')));
  if (names === '' || numbers.includes(-1)) throw new NotInterpretable(`setcap is given ${text}`);
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(REVISION | (flags.includes('e') ? EFFECTIVE : 0), 0);
  for (const number of numbers) {
    // Permitted and inheritable of the lower 32, then those of the higher.
    const at = 4 + 8 * (number >> 5);
    const bit = 2 ** (number & 31);
    if (flags.includes('p')) bytes.writeUInt32LE(bytes.readUInt32LE(at) + bit, at);
    if (flags.includes('i')) bytes.writeUInt32LE(bytes.readUInt32LE(at + 4) + bit, at + 4);
  }
  return bytes.toString('base64');
}
